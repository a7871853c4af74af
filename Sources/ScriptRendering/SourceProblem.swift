/// Something wrong at a place in a Lua file, said the way compilers say it.
package struct SourceProblem: Error, Hashable, CustomStringConvertible {
    package let path: String
    package let line: Int
    package let message: String

    package init(path: String, line: Int, message: String) {
        self.path = path
        self.line = line
        self.message = message
    }

    package var description: String { "\(path):\(line): \(message)" }
}

/// Why nothing was rendered: every problem that was found, not only the first.
package struct RenderingFailure: Error, CustomStringConvertible {
    package let problems: [SourceProblem]

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
