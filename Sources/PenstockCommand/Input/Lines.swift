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
    /// No line feed before this.
    private var searched = 0

    init(_ file: InputFile, longest: Int) {
        self.file = file
        self.longest = longest
    }

    /// Whether the file has ended; lines may still be in memory.
    private(set) var isAtEnd = false

    /// The next line in memory, without its line feed (and carriage return); nil if there is no whole one: `fill`, unless
    /// the file is at its end.
    mutating func next() -> [UInt8]? {
        if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
            defer { move(to: end + 1) }
            return take(start..<end, consumed: end + 1 - start)
        }
        searched = buffer.count
        guard isAtEnd, start < buffer.count else { return nil }
        defer { move(to: buffer.count) }
        return take(start..<buffer.count, consumed: buffer.count - start)
    }

    /// Reads on.
    mutating func fill() throws(CommandFailure) {
        guard buffer.count - start <= longest else {
            throw .usage(
                "\(file.name), line \(number + 1): longer than the largest payload, \(HumanText.bytes(longest))")
        }
        buffer.removeFirst(start)
        searched -= start
        start = 0
        isAtEnd = try !file.read(into: &buffer)
    }

    private mutating func move(to index: Int) {
        start = index
        searched = index
    }

    private mutating func take(_ range: Range<Int>, consumed: Int) -> [UInt8] {
        number += 1
        position += consumed
        var line = buffer[range]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return Array(line)
    }
}
