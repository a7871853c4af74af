/// The items of a fan-out in one piece: the lengths of all, with commas between them, LF, and the items one behind the
/// other. One item is found without looking at the others.
package struct PackedList: Sendable {
    private let bytes: [UInt8]
    /// Where each item begins, and where the last one ends.
    private let starts: [Int]

    package var count: Int { starts.count - 1 }
    package var byteCount: Int { bytes.count }

    /// - Parameter items: at least one.
    package static func pack(_ items: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(items.reduce(0) { $0 + $1.count + 4 })
        for (place, item) in items.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: String(item.count).utf8)
        }
        bytes.append(UInt8(ascii: "\n"))
        for item in items { bytes.append(contentsOf: item) }
        return bytes
    }

    /// Nil for bytes that are no such list.
    package init?(_ bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        var starts = [end + 1]
        var length = 0
        if end > 0 {
            for byte in bytes[..<end] {
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"):
                    length = length &* 10 &+ Int(byte - UInt8(ascii: "0"))
                case UInt8(ascii: ","):
                    starts.append(starts[starts.count - 1] &+ length)
                    length = 0
                default: return nil
                }
            }
            starts.append(starts[starts.count - 1] &+ length)
        }
        guard starts[starts.count - 1] == bytes.count, zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 }) else {
            return nil
        }
        self.bytes = bytes
        self.starts = starts
    }

    package subscript(place: Int) -> [UInt8] { Array(bytes[starts[place]..<starts[place + 1]]) }
}
