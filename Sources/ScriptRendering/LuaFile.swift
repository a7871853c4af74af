/// The text of one file under `lua/`, before anything is known about it.
package struct LuaFile: Sendable {
    package enum Role: Sendable { case script, include }

    package let role: Role
    package let name: String
    package let text: String

    package init(_ role: Role, name: String, text: String) {
        self.role = role
        self.name = name
        self.text = text
    }

    package var path: String { role == .script ? "lua/\(name).lua" : "lua/includes/\(name).lua" }
}

/// One line of Lua that knows where it came from.
package struct LuaLine: Hashable, Sendable {
    package let path: String
    package let number: Int
    package let text: String

    package init(path: String, number: Int, text: String) {
        self.path = path
        self.number = number
        self.text = text
    }

    package func problem(_ message: String) -> SourceProblem {
        SourceProblem(path: path, line: number, message: message)
    }

    var trimmed: Substring {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var rest = text.drop(while: blank)
        while let last = rest.last, blank(last) { rest.removeLast() }
        return rest
    }

    /// The line without the contents of its string literals and without a trailing comment. Enough because
    /// ``LuaUnit`` refuses everything that would let a string or a comment reach into the next line.
    var code: String {
        var code = ""
        var quote: Character?
        var index = text.startIndex
        while index < text.endIndex {
            let character = text[index]
            index = text.index(after: index)
            if let open = quote {
                if character == "\\", index < text.endIndex {
                    index = text.index(after: index)
                } else if character == open {
                    quote = nil
                    code.append(character)
                }
            } else if character == "-", text[index...].first == "-" {
                break
            } else {
                if character == "\"" || character == "'" { quote = character }
                code.append(character)
            }
        }
        return code
    }
}
