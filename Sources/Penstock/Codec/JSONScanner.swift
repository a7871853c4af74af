/// One value of a document, or one name of an object's member: what it is, and where.
struct JSONNode {
    enum Kind: UInt8 {
        case null
        case yes
        case no
        /// At most 18 digits, no fraction, no exponent, not minus zero: fits 64 bits.
        case integer
        /// Any other number.
        case number
        case string
        /// A string with a backslash in it.
        case escapedString
        case array
        case object
    }

    let kind: Kind
    /// Where its bytes begin, without the quotation mark; of a container the number of elements or members.
    var start: UInt32
    /// Where they end; 0 for a container.
    var end: UInt32
    /// The node after it, with all that is inside it passed over.
    var next: UInt32
}

/// Reads a text of JSON from front to back, once, into nodes: an object is followed by its names and values, by turns, an
/// array by its elements.
///
/// It gives up at whatever is wrong, rare, or read differently by different readers, and leaves that to Foundation: names
/// that occur twice, have escapes or are not ASCII, objects of more than 32 members, lone surrogates, deep nesting.
struct JSONScanner {
    private static let deepest = 64
    /// Names are compared with each other, all with all.
    private static let mostMembers: UInt32 = 32

    private let bytes: UnsafeBufferPointer<UInt8>
    private var at = 0
    private var nodes: [JSONNode] = []

    /// The nodes of a text; nil when Foundation has to look.
    static func nodes(of bytes: UnsafeBufferPointer<UInt8>) -> [JSONNode]? {
        guard bytes.count < Int(Int32.max) else { return nil }
        var scanner = JSONScanner(bytes)
        scanner.skipSpace()
        guard scanner.scanValue(depth: 0) else { return nil }
        scanner.skipSpace()
        return scanner.at == bytes.count ? scanner.nodes : nil
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        nodes.reserveCapacity(min(bytes.count / 8 + 4, 1024))
    }

    /// The next byte; 0, which JSON has nowhere, at the end.
    private var peek: UInt8 { at < bytes.count ? bytes[at] : 0 }

    private mutating func skipSpace() {
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): at += 1
            default: return
            }
        }
    }

    /// Goes past `byte` if it comes next.
    private mutating func skip(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        at += 1
        return true
    }

    private mutating func append(_ kind: JSONNode.Kind, from start: Int, to end: Int) {
        nodes.append(
            JSONNode(kind: kind, start: UInt32(start), end: UInt32(end), next: UInt32(nodes.count + 1)))
    }

    private mutating func scanValue(depth: Int) -> Bool {
        switch peek {
        case UInt8(ascii: "\""): return scanString() != nil
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return scanNumber()
        case UInt8(ascii: "{"): return depth < Self.deepest && scanObject(depth: depth + 1)
        case UInt8(ascii: "["): return depth < Self.deepest && scanArray(depth: depth + 1)
        case UInt8(ascii: "t"): return scanWord("true", .yes)
        case UInt8(ascii: "f"): return scanWord("false", .no)
        case UInt8(ascii: "n"): return scanWord("null", .null)
        default: return false
        }
    }

    private mutating func scanWord(_ word: StaticString, _ kind: JSONNode.Kind) -> Bool {
        let start = at
        let isThere = word.withUTF8Buffer { letters in
            bytes.count - start >= letters.count && letters.indices.allSatisfy { letters[$0] == bytes[start + $0] }
        }
        guard isThere else { return false }
        at += word.utf8CodeUnitCount
        append(kind, from: start, to: at)
        return true
    }

    // MARK: Containers

    private mutating func scanObject(depth: Int) -> Bool {
        let object = nodes.count
        append(.object, from: 0, to: 0)
        at += 1
        skipSpace()
        if skip(UInt8(ascii: "}")) { return true }
        var count: UInt32 = 0
        while true {
            let name = nodes.count
            guard peek == UInt8(ascii: "\""), scanString() == .plainASCII else { return false }
            guard count < Self.mostMembers, isNew(name, in: object) else { return false }
            skipSpace()
            guard skip(UInt8(ascii: ":")) else { return false }
            skipSpace()
            guard scanValue(depth: depth) else { return false }
            count += 1
            skipSpace()
            if skip(UInt8(ascii: "}")) { break }
            guard skip(UInt8(ascii: ",")) else { return false }
            skipSpace()
        }
        nodes[object].start = count
        nodes[object].next = UInt32(nodes.count)
        return true
    }

    private mutating func scanArray(depth: Int) -> Bool {
        let array = nodes.count
        append(.array, from: 0, to: 0)
        at += 1
        skipSpace()
        if skip(UInt8(ascii: "]")) { return true }
        var count: UInt32 = 0
        while true {
            guard scanValue(depth: depth) else { return false }
            count += 1
            skipSpace()
            if skip(UInt8(ascii: "]")) { break }
            guard skip(UInt8(ascii: ",")) else { return false }
            skipSpace()
        }
        nodes[array].start = count
        nodes[array].next = UInt32(nodes.count)
        return true
    }

    /// Whether no member before has the name at this node.
    private func isNew(_ name: Int, in object: Int) -> Bool {
        let start = Int(nodes[name].start)
        let count = Int(nodes[name].end) - start
        var other = object + 1
        while other < name {
            let begin = Int(nodes[other].start)
            if Int(nodes[other].end) - begin == count {
                var same = 0
                while same < count, bytes[begin + same] == bytes[start + same] { same += 1 }
                if same == count { return false }
            }
            other = Int(nodes[other + 1].next)
        }
        return true
    }

    // MARK: Strings

    private enum Text { case plainASCII, other }

    private mutating func scanString() -> Text? {
        at += 1
        let start = at
        var isEscaped = false
        var isASCII = true
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\"") {
                if !isASCII {
                    let text = UnsafeBufferPointer(rebasing: bytes[start..<at])
                    guard String(validating: text, as: UTF8.self) != nil else { return nil }
                }
                append(isEscaped ? .escapedString : .string, from: start, to: at)
                at += 1
                return isASCII && !isEscaped ? .plainASCII : .other
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
                guard skipEscape() else { return nil }
            } else if byte < 0x20 {
                return nil
            } else {
                if byte >= 0x80 { isASCII = false }
                at += 1
            }
        }
        return nil
    }

    private mutating func skipEscape() -> Bool {
        at += 1
        switch peek {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            at += 1
            return true
        case UInt8(ascii: "u"):
            guard let unit = JSONText.codeUnit(bytes, at: at + 1) else { return false }
            at += 5
            guard UTF16.isSurrogate(unit) else { return true }
            guard UTF16.isLeadSurrogate(unit), skip(UInt8(ascii: "\\")), peek == UInt8(ascii: "u"),
                let trail = JSONText.codeUnit(bytes, at: at + 1), UTF16.isTrailSurrogate(trail)
            else { return false }
            at += 5
            return true
        default: return false
        }
    }

    // MARK: Numbers

    private mutating func skipDigits() -> Int {
        let start = at
        while at < bytes.count, bytes[at] &- UInt8(ascii: "0") <= 9 { at += 1 }
        return at - start
    }

    private mutating func scanNumber() -> Bool {
        let start = at
        let isNegative = skip(UInt8(ascii: "-"))
        let startsWithZero = peek == UInt8(ascii: "0")
        let digits = skipDigits()
        guard digits == 1 || (digits > 1 && !startsWithZero) else { return false }
        var isInteger = digits <= 18 && !(isNegative && startsWithZero)
        let hasFraction = skip(UInt8(ascii: "."))
        if hasFraction {
            isInteger = false
            guard skipDigits() > 0 else { return false }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            // Foundation takes 0E1 for a number and 0e1 for none.
            guard hasFraction || !startsWithZero else { return false }
            isInteger = false
            at += 1
            if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
            guard skipDigits() > 0 else { return false }
        }
        append(isInteger ? .integer : .number, from: start, to: at)
        return true
    }
}

/// What stands between quotation marks.
enum JSONText {
    /// The number that four hexadecimal digits make.
    static func codeUnit(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> UInt16? {
        guard start + 4 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for place in start..<start + 4 {
            let digit: UInt8
            switch bytes[place] {
            case let byte where byte &- UInt8(ascii: "0") <= 9: digit = byte - UInt8(ascii: "0")
            case let byte where (byte | 0x20) &- UInt8(ascii: "a") <= 5: digit = (byte | 0x20) - UInt8(ascii: "a") + 10
            default: return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// A string without its escapes, which the scanner has found to be right.
    static func unescape(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            guard byte == UInt8(ascii: "\\"), at < bytes.count else {
                text.append(byte)
                continue
            }
            at += 1
            switch bytes[at - 1] {
            case UInt8(ascii: "b"): text.append(8)
            case UInt8(ascii: "f"): text.append(12)
            case UInt8(ascii: "n"): text.append(10)
            case UInt8(ascii: "r"): text.append(13)
            case UInt8(ascii: "t"): text.append(9)
            case UInt8(ascii: "u"):
                var units = [codeUnit(bytes, at: at) ?? 0xfffd]
                at += 4
                if UTF16.isLeadSurrogate(units[0]) {
                    units.append(codeUnit(bytes, at: at + 2) ?? 0xfffd)
                    at += 6
                }
                text.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
            case let byte: text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
