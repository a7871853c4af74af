import ScriptRendering

/// The bytes of a Lua file, and which of them are code: neither comment nor string.
struct LuaText {
    let file: LuaFile
    let bytes: [UInt8]
    let isCode: [Bool]

    init(_ file: LuaFile) {
        self.file = file
        let bytes = Array(file.text.utf8)
        var isCode = [Bool](repeating: true, count: bytes.count)
        var quote: UInt8?
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            if let open = quote {
                isCode[at] = false
                if byte == UInt8(ascii: "\\"), at + 1 < bytes.count {
                    isCode[at + 1] = false
                    at += 1
                } else if byte == open {
                    quote = nil
                }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
                isCode[at] = false
            } else if byte == UInt8(ascii: "-"), at + 1 < bytes.count, bytes[at + 1] == byte {
                while at < bytes.count, bytes[at] != UInt8(ascii: "\n") {
                    isCode[at] = false
                    at += 1
                }
            }
            at += 1
        }
        self.bytes = bytes
        self.isCode = isCode
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    func has(_ word: String, at place: Int) -> Bool {
        let word = Array(word.utf8)
        return place + word.count <= bytes.count && bytes[place..<(place + word.count)].elementsEqual(word)
    }

    /// Whether a word of the language stands here for itself.
    func hasWord(_ word: String, at place: Int) -> Bool {
        let end = place + word.utf8.count
        return isCode[place] && has(word, at: place) && (place == 0 || !Self.isName(bytes[place - 1]))
            && (end == bytes.count || !Self.isName(bytes[end]))
    }

    static func isName(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    /// The place after the bracket that closes the one at `open`.
    func end(ofBracket open: Int) -> Int? {
        var depth = 0
        for place in open..<bytes.count where isCode[place] {
            if bytes[place] == UInt8(ascii: "(") { depth += 1 }
            if bytes[place] == UInt8(ascii: ")") { depth -= 1 }
            if depth == 0 { return place + 1 }
        }
        return nil
    }

    func line(at place: Int) -> Int { 1 + bytes[..<place].count { $0 == UInt8(ascii: "\n") } }

    /// Where the line of a place begins and ends.
    func lineRange(at place: Int) -> Range<Int> {
        let start = bytes[..<place].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return start..<(bytes[place...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count)
    }

    /// Whether nothing else is on the lines of a call: it is a statement.
    func isStatement(_ range: Range<Int>) -> Bool {
        let before = lineRange(at: range.lowerBound).lowerBound..<range.lowerBound
        let after = range.upperBound..<lineRange(at: range.upperBound - 1).upperBound
        return text(before).allSatisfy(\.isWhitespace) && text(after).allSatisfy(\.isWhitespace)
    }
}
