// Compiled with: Sources/PenstockCommand/Input/Lines.swift

/// The lines of a file, read in pieces whose lengths are the first byte: those that splitting it finds, up to one that is too
/// long.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: data + 1, count: count - 1))
    let longest = 64
    var lines = Lines(InputFile(bytes, piece: Int(data[0]) % 100 + 1), longest: longest)
    var found: [[UInt8]] = []
    var expected = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
        Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
    }
    // What follows the last line feed is a line if there is something.
    if bytes.last == UInt8(ascii: "\n") { expected.removeLast() }
    do {
        while true {
            while let line = lines.next() { found.append(line) }
            if lines.isAtEnd { break }
            try lines.fill()
        }
        precondition(found == expected && lines.position == bytes.count, "other lines")
    } catch {
        precondition(found == Array(expected.prefix(found.count)), "other lines before one that is too long")
        precondition(expected[found.count].count + 1 >= longest, "a short line is too long")
    }
    precondition(lines.number == found.count, "lines are counted wrong")
    return 0
}

// What Lines.swift knows of the command.

final class InputFile {
    let name = "file"
    private var rest: ArraySlice<UInt8>
    private let piece: Int

    init(_ bytes: [UInt8], piece: Int) {
        rest = bytes[...]
        self.piece = piece
    }

    func read(into bytes: inout [UInt8]) throws(CommandFailure) -> Bool {
        bytes += rest.prefix(piece)
        defer { rest = rest.dropFirst(piece) }
        return !rest.isEmpty
    }
}

struct CommandFailure: Error {
    static func usage(_ message: String) -> CommandFailure { CommandFailure() }
}

enum HumanText {
    static func bytes(_ count: Int) -> String { "\(count)" }
}
