/// The name of one task for all time: 14 characters of the alphabet `- 0-9 A-Z _ a-z`, in ASCII order.
///
/// Seven characters are the millisecond of its making (42 bits since 1970), one is the shard it lives in, six are random
/// (36 bits, counted up within a millisecond). Ids therefore sort by age, and 14 characters fit Redis's 16-byte
/// allocation. A collision is refused by the script that stores the task, so uniqueness does not rest on chance.
public struct TaskID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let rawValue: String

    /// An id as somebody wrote it: 1 to 64 characters of the alphabet. Nil if it cannot be an id.
    public init?(_ text: some StringProtocol) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ Self.values[Int($0)] >= 0 }) else {
            return nil
        }
        rawValue = String(text)
    }

    /// The same, several times faster where it is called from another module.
    public init?(_ text: String) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ Self.values[Int($0)] >= 0 }) else {
            return nil
        }
        rawValue = text
    }

    init(unchecked rawValue: String) { self.rawValue = rawValue }

    public var description: String { rawValue }

    public static func < (left: TaskID, right: TaskID) -> Bool { left.rawValue < right.rawValue }

    /// The moment of its making in milliseconds since 1970, by its maker's estimate of Redis's clock; nil for an id of
    /// another form. For people only: no decision reads it.
    public var milliseconds: Int64? {
        let bytes = Array(rawValue.utf8)
        guard bytes.count == Self.length else { return nil }
        return bytes.prefix(7).reduce(into: Int64(0)) { $0 = $0 << 6 | Int64(Self.values[Int($1)]) }
    }

    /// The shard that the task lives in. 0 for an id of another form. Ids of a run's tasks begin with the id of the run,
    /// which has its shard in the same place.
    public var shard: Int {
        let bytes = Array(rawValue.utf8)
        guard bytes.count >= Self.length else { return 0 }
        return Int(Self.values[Int(bytes[7])])
    }

    static let length = 14
    static let alphabet = Array("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz".utf8)
    static let values: [Int8] = {
        var table = [Int8](repeating: -1, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = Int8(value) }
        return table
    }()
}

/// Makes task ids. Ids of one generator ascend strictly, also when the clock goes back.
public struct TaskIDGenerator: Sendable {
    private let shard: Int
    private var milliseconds: Int64 = 0
    private var entropy: UInt64 = 0

    public init(shard: Int = 0) {
        precondition((0..<64).contains(shard), "shards are numbered 0 to 63")
        self.shard = shard
    }

    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - random: where the 36 random bits come from when a new millisecond begins.
    public mutating func next(now: Int64, random: () -> UInt64 = { .random(in: .min ... .max) }) -> TaskID {
        if now > milliseconds {
            milliseconds = now
            entropy = random() & 0xF_FFFF_FFFF
        } else {
            entropy += 1
            if entropy > 0xF_FFFF_FFFF {
                milliseconds += 1
                entropy = random() & 0xF_FFFF_FFFF
            }
        }
        let (time, shard, entropy) = (UInt64(milliseconds), shard, entropy)
        return TaskID(
            unchecked: String(unsafeUninitializedCapacity: TaskID.length) { buffer in
                for i in 0..<7 { buffer[i] = TaskID.alphabet[Int(time >> UInt64(36 - 6 * i) & 63)] }
                buffer[7] = TaskID.alphabet[shard]
                for i in 0..<6 { buffer[8 + i] = TaskID.alphabet[Int(entropy >> UInt64(30 - 6 * i) & 63)] }
                return TaskID.length
            })
    }
}
