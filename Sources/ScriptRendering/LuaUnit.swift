/// A Lua file taken apart: contract, includes, code.
struct LuaUnit: Sendable {
    let file: LuaFile
    let header: ScriptHeader
    let lines: [LuaLine]
    let includes: [(name: String, line: LuaLine)]

    /// Whether the include says of itself that few calls need it (`--@seldom`): see ``ScriptScope``.
    let isSeldom: Bool

    /// What is left when whole-line comments, blank lines and indentation are gone.
    let code: [LuaLine]

    static func parse(_ file: LuaFile) -> (LuaUnit, [SourceProblem]) {
        let texts = file.text.split(separator: "\n", omittingEmptySubsequences: false)
        var lines = texts.enumerated().map { LuaLine(path: file.path, number: $0 + 1, text: String($1)) }
        if lines.last?.text.isEmpty == true { lines.removeLast() }

        var problems = refusedText(file: file, lines: lines)
        let headerLines = Array(lines.prefix { $0.text.hasPrefix("---") })
        if headerLines.isEmpty {
            let message = "the file must open with its contract: `--- \(file.name): what it does`"
            problems.append(SourceProblem(path: file.path, line: 1, message: message))
        }
        let (header, headerProblems) = ScriptHeader.parse(headerLines, name: file.name, role: file.role)
        problems += headerProblems

        var includes: [(name: String, line: LuaLine)] = []
        var isSeldom = false
        var code: [LuaLine] = []
        for line in lines.dropFirst(headerLines.count) where !line.trimmed.isEmpty {
            if line.trimmed.hasPrefix("--@") {
                if let match = line.text.wholeMatch(of: /--@include ([a-z][A-Za-z0-9_]*)\s*/), code.isEmpty {
                    includes.append((String(match.1), line))
                } else if line.text == "--@seldom", code.isEmpty, file.role == .include {
                    isSeldom = true
                } else {
                    problems.append(
                        line.problem(
                            "only `--@include name` and, in an include, `--@seldom`, at the start of a line before any code"
                        ))
                }
            } else if !line.trimmed.hasPrefix("--") {
                code.append(line)
            }
        }
        let unit = LuaUnit(
            file: file, header: header, lines: lines, includes: includes, isSeldom: isSeldom, code: code)
        return (unit, problems + unit.shapeProblems())
    }

    /// What would make line-wise stripping unsafe.
    private static func refusedText(file: LuaFile, lines: [LuaLine]) -> [SourceProblem] {
        lines.flatMap { line -> [SourceProblem] in
            var problems: [SourceProblem] = []
            if line.text.unicodeScalars.contains(where: { $0.value < 32 && $0 != "\t" || $0.value == 127 }) {
                problems.append(line.problem("control character (carriage return?): files end lines with \\n alone"))
            }
            if line.text.contains(/\[=*\[/) {
                problems.append(line.problem("long brackets `[[` are refused: comments are stripped line by line"))
            }
            if line.text.hasSuffix("\\") {
                problems.append(line.problem("a string may not go on in the next line"))
            }
            return problems
        }
    }

    private func shapeProblems() -> [SourceProblem] {
        guard let first = code.first else {
            return [SourceProblem(path: file.path, line: 1, message: "the file has no code")]
        }
        let naming = file.role == .script ? /[a-z][a-z0-9]*(_[a-z0-9]+)*/ : /[a-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*/
        if file.name.wholeMatch(of: naming) == nil {
            return [first.problem("the file name must be like lower_snake.lua")]
        }
        guard file.role == .include else { return [] }
        let functions = code.filter { $0.text.hasPrefix("local function ") }
        guard functions.count == 1, functions[0].text.hasPrefix("local function \(file.name)(") else {
            return [
                (functions.dropFirst().first ?? functions.first ?? first).problem(
                    "an include defines one function, named for its file: `local function \(file.name)(…)`")
            ]
        }
        return []
    }
}
