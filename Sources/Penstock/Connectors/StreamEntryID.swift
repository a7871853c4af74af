/// The id of an entry of a Redis stream: `milliseconds-number`.
struct StreamEntryID: Sendable, Hashable, Comparable, CustomStringConvertible {
    let milliseconds: UInt64
    let number: UInt64

    static let zero = StreamEntryID(milliseconds: 0, number: 0)

    init(milliseconds: UInt64, number: UInt64) {
        self.milliseconds = milliseconds
        self.number = number
    }

    init?(_ text: String) {
        let parts = text.split(separator: "-")
        guard parts.count == 2, let milliseconds = UInt64(parts[0]), let number = UInt64(parts[1]) else { return nil }
        self.init(milliseconds: milliseconds, number: number)
    }

    var description: String { "\(milliseconds)-\(number)" }

    /// The last one before it.
    var previous: StreamEntryID {
        if number > 0 { return StreamEntryID(milliseconds: milliseconds, number: number - 1) }
        if milliseconds > 0 { return StreamEntryID(milliseconds: milliseconds - 1, number: .max) }
        return self
    }

    static func < (left: StreamEntryID, right: StreamEntryID) -> Bool {
        (left.milliseconds, left.number) < (right.milliseconds, right.number)
    }
}
