/// The lines of a file, one after the other, in constant memory.
struct Lines {
    /// The line that was read last, from 1.
    private(set) var number = 0
    /// How far the file has been consumed, in bytes.
    private(set) var position = 0

    private let file: InputFile
    private let longest: Int
    private var buffer: [UInt8] = []
    private var start = 0
    private var isAtEnd = false

    init(_ file: InputFile, longest: Int) {
        self.file = file
        self.longest = longest
    }

    /// The next line without its line feed (and carriage return); nil after the last one.
    mutating func next() throws(CommandFailure) -> [UInt8]? {
        var searched = start
        while true {
            if let end = firstLineFeed(from: searched) {
                defer { start = end + 1 }
                return take(start..<end, consumed: end + 1 - start)
            }
            searched = buffer.count
            if isAtEnd {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                return take(start..<buffer.count, consumed: buffer.count - start)
            }
            guard buffer.count - start <= longest else {
                throw .usage(
                    "\(file.name), line \(number + 1): longer than the largest payload, \(HumanText.bytes(longest))")
            }
            buffer.removeFirst(start)
            searched -= start
            start = 0
            isAtEnd = try !file.read(into: &buffer)
        }
    }

    private mutating func take(_ range: Range<Int>, consumed: Int) -> [UInt8] {
        number += 1
        position += consumed
        var line = buffer[range]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return Array(line)
    }

    private func firstLineFeed(from index: Int) -> Int? {
        buffer[index...].firstIndex(of: UInt8(ascii: "\n"))
    }
}
