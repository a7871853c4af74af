/// Swift source with code, comments and string literals told apart, as far as the rules of the house need it.
struct SwiftText {
    struct Literal: Hashable {
        let line: Int
        /// Of a literal over several lines, one line. An interpolation is ``SwiftText/interpolation``.
        var text: String
    }

    static let interpolation: Character = "\u{FFFC}"

    /// Code by line, from 0; literals are empty in it and comments missing.
    private(set) var code: [String] = [""]
    /// Comments by line, from 0.
    private(set) var comments: [String] = [""]
    private(set) var literals: [Literal] = []

    private enum Mode {
        case code(parentheses: Int)
        case string(hashes: Int, multiline: Bool, literal: Int)
    }

    private let characters: [Character]
    private var index = 0
    private var modes: [Mode] = [.code(parentheses: 0)]

    init(_ text: String) {
        characters = Array(text.replacing("\r\n", with: "\n"))
        while index < characters.count, let mode = modes.last {
            switch mode {
            case .code(let parentheses): readCode(parentheses: parentheses)
            case .string(let hashes, let multiline, let literal):
                readString(hashes: hashes, multiline: multiline, literal: literal)
            }
        }
        for line in literals.indices { literals[line].text = String(literals[line].text.drop { $0 == " " }) }
    }

    private var line: Int { code.count }

    private func sees(_ text: String) -> Bool {
        characters[index...].starts(with: text)
    }

    private mutating func endLine() {
        code.append("")
        comments.append("")
        index += 1
    }

    private mutating func readCode(parentheses: Int) {
        let character = characters[index]
        if character == "\n" {
            endLine()
        } else if sees("//") {
            while index < characters.count, characters[index] != "\n" { readComment() }
        } else if sees("/*") {
            readBlockComment()
        } else if let (hashes, multiline) = stringOpening() {
            index += hashes + (multiline ? 3 : 1)
            code[line - 1] += "\"\""
            modes.append(.string(hashes: hashes, multiline: multiline, literal: literals.count))
            literals.append(Literal(line: line, text: ""))
        } else if character == ")", parentheses == 0, modes.count > 1 {
            index += 1
            modes.removeLast()
        } else {
            if character == "(" || character == ")" {
                modes[modes.count - 1] = .code(parentheses: parentheses + (character == "(" ? 1 : -1))
            }
            code[line - 1].append(character)
            index += 1
        }
    }

    private mutating func readComment() {
        comments[line - 1].append(characters[index])
        index += 1
    }

    private mutating func readBlockComment() {
        var depth = 0
        while index < characters.count {
            if characters[index] == "\n" {
                endLine()
                continue
            }
            if sees("/*") { depth += 1 } else if sees("*/") { depth -= 1 }
            let mark = sees("/*") || sees("*/")
            readComment()
            if mark { readComment() }
            if depth == 0 { return }
        }
    }

    private func stringOpening() -> (hashes: Int, multiline: Bool)? {
        let hashes = characters[index...].prefix { $0 == "#" }.count
        let rest = characters[(index + hashes)...]
        guard rest.first == "\"" else { return nil }
        return (hashes, rest.starts(with: "\"\"\""))
    }

    private mutating func readString(hashes: Int, multiline: Bool, literal: Int) {
        let raw = String(repeating: "#", count: hashes)
        let quotes = multiline ? "\"\"\"" : "\""
        if characters[index] == "\n" {
            if multiline {
                endLine()
                modes[modes.count - 1] = .string(hashes: hashes, multiline: true, literal: literals.count)
                literals.append(Literal(line: line, text: ""))
            } else {
                // Not a literal after all: a quotation mark in a regular expression, say.
                modes.removeLast()
            }
        } else if sees(quotes + raw) {
            index += quotes.count + hashes
            modes.removeLast()
        } else if sees("\\\(raw)(") {
            index += hashes + 2
            literals[literal].text.append(Self.interpolation)
            modes.append(.code(parentheses: 0))
        } else if sees("\\\(raw)"), index + hashes + 1 < characters.count, characters[index + hashes + 1] != "\n" {
            for _ in 0..<(hashes + 2) {
                literals[literal].text.append(characters[index])
                index += 1
            }
        } else {
            literals[literal].text.append(characters[index])
            index += 1
        }
    }
}

extension SwiftText {
    /// Whether a comment on this line (from 0), or in the block of comments right above, fulfils a condition.
    func hasComment(at line: Int, where accept: (String) -> Bool) -> Bool {
        if !comments[line].isEmpty && accept(comments[line]) { return true }
        var above = line - 1
        while above >= 0, !comments[above].isEmpty, code[above].allSatisfy(\.isWhitespace) {
            if accept(comments[above]) { return true }
            above -= 1
        }
        return false
    }
}
