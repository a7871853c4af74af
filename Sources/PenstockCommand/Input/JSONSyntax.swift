/// Checks that bytes are one JSON value (RFC 8259), without building it: fast, and in constant memory.
struct JSONSyntax {
    struct Problem: Error, CustomStringConvertible, Equatable {
        /// The first byte that cannot be right, from 0.
        let offset: Int
        let what: String

        var description: String { "\(what) at byte \(offset + 1)" }
    }

    static func check(_ bytes: [UInt8]) throws(Problem) {
        // A closure that throws through `withUnsafeBufferPointer` would lose the type of its error.
        let result = bytes.withUnsafeBufferPointer { buffer -> Result<Void, Problem> in
            var syntax = JSONSyntax(bytes: buffer)
            do throws(Problem) { return .success(try syntax.document()) } catch { return .failure(error) }
        }
        try result.get()
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw Problem(offset: invalidUTF8(bytes), what: "text that is not UTF-8")
        }
    }

    private static let deepest = 512
    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0
    private var depth = 0

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private mutating func document() throws(Problem) {
        skipBlanks()
        if at == bytes.count { throw problem("no value") }
        try value()
        skipBlanks()
        if at < bytes.count { throw problem("something after the end of the value") }
    }

    private mutating func value() throws(Problem) {
        switch next {
        case UInt8(ascii: "{"): try object()
        case UInt8(ascii: "["): try array()
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        case .some(let byte) where byte == UInt8(ascii: "-") || isDigit(byte): try number()
        case nil: throw problem("the end where a value is expected")
        default: throw problem("no value")
        }
    }

    private mutating func object() throws(Problem) {
        try descend()
        if take("}") { return }
        repeat {
            skipBlanks()
            guard next == UInt8(ascii: "\"") else { throw problem("no name in double quotes in an object") }
            try string()
            skipBlanks()
            guard take(":") else { throw problem("no colon after a name") }
            skipBlanks()
            try value()
            skipBlanks()
        } while take(",")
        guard take("}") else { throw problem("neither , nor } after a value in an object") }
        depth -= 1
    }

    private mutating func array() throws(Problem) {
        try descend()
        if take("]") { return }
        repeat {
            skipBlanks()
            try value()
            skipBlanks()
        } while take(",")
        guard take("]") else { throw problem("neither , nor ] after a value in an array") }
        depth -= 1
    }

    /// Past an opening bracket; an empty pair comes back up in `take`.
    private mutating func descend() throws(Problem) {
        guard depth < Self.deepest else { throw problem("more than \(Self.deepest) brackets inside each other") }
        at += 1
        skipBlanks()
        if next != UInt8(ascii: "}") && next != UInt8(ascii: "]") { depth += 1 }
    }

    private mutating func string() throws(Problem) {
        at += 1
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw problem("a control character in a string")
            default: at += 1
            }
        }
        throw problem("the end inside a string")
    }

    private mutating func escape() throws(Problem) {
        at += 1
        switch next {
        case UInt8(ascii: "u"):
            at += 1
            for _ in 0..<4 {
                guard let digit = next, Character(Unicode.Scalar(digit)).isHexDigit, digit < 0x80 else {
                    throw problem("no hexadecimal digit in \\u")
                }
                at += 1
            }
        case .some(let byte) where "\"\\/bfnrt".utf8.contains(byte): at += 1
        default: throw problem("an unknown escape in a string")
        }
    }

    private mutating func number() throws(Problem) {
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
    }

    private mutating func digits() throws(Problem) {
        guard let byte = next, isDigit(byte) else { throw problem("no digit in a number") }
        while let byte = next, isDigit(byte) { at += 1 }
    }

    private mutating func word(_ word: StaticString) throws(Problem) {
        let start = at
        for index in 0..<word.utf8CodeUnitCount {
            guard next == word.utf8Start[index] else {
                at = start
                throw problem("no value")
            }
            at += 1
        }
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard at < bytes.count, UInt32(bytes[at]) == character.value else { return false }
        at += 1
        return true
    }

    private mutating func skipBlanks() {
        while at < bytes.count, bytes[at] == 0x20 || (0x09...0x0A).contains(bytes[at]) || bytes[at] == 0x0D { at += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private func problem(_ what: String) -> Problem { Problem(offset: at, what: what) }

    private static func invalidUTF8(_ bytes: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput, .error: return offset
            }
        }
    }
}
