/// The contract that opens every script, as read from its `---` lines.
package struct ScriptHeader: Hashable, Sendable {
    package internal(set) var summary = ""
    package internal(set) var flags: [String] = []
    package internal(set) var keys: [String] = []
    package internal(set) var arguments: [String] = []
    /// Whether the last argument is a list that takes up all the rest.
    package internal(set) var rest = false
    package internal(set) var returns: String?
    package internal(set) var errors: [String] = []

    /// How many arguments a call has at the least; exactly so many when there is no list at the end.
    package var fixedArguments: Int { rest ? arguments.count - 1 : arguments.count }

    static let knownFlags: Set = ["allow-oom", "no-writes", "allow-stale", "no-cluster", "allow-cross-slot-keys"]
}

extension ScriptHeader {
    /// Reads the header of a script or, in the shorter form (a summary; the rest is prose), of an include.
    static func parse(_ lines: [LuaLine], name: String, role: LuaFile.Role) -> (ScriptHeader, [SourceProblem]) {
        var header = ScriptHeader()
        var problems: [SourceProblem] = []
        for (position, line) in lines.enumerated() {
            let text = String(line.trimmed.dropFirst(3).drop { $0 == " " })
            do throws(SourceProblem) {
                if position == 0 {
                    try header.readSummary(text, name: name, at: line)
                } else if role == .script {
                    try header.readField(text, at: line)
                } else if text.starts(with: /KEYS\[|ARGV\[|flags:/) {
                    throw line.problem("an include declares no KEYS, ARGV or flags: those belong to the scripts")
                }
            } catch {
                problems.append(error)
            }
        }
        if role == .script, problems.isEmpty, header.returns == nil, let first = lines.first {
            problems.append(first.problem("the header lacks `--- returns: what the reply is`"))
        }
        return (header, problems)
    }

    private mutating func readSummary(_ text: String, name: String, at line: LuaLine) throws(SourceProblem) {
        guard text.hasPrefix("\(name): "), text.count > name.count + 2 else {
            throw line.problem("the header must open with `--- \(name): what it does`")
        }
        summary = String(text.dropFirst(name.count + 2))
    }

    private mutating func readField(_ text: String, at line: LuaLine) throws(SourceProblem) {
        if let field = text.wholeMatch(of: /(KEYS|ARGV)\[(\d+)\] ([A-Za-z][A-Za-z0-9_]*)(\.\.\.)?: *(\S.*)/) {
            try readParameter(
                table: String(field.1), index: Int(field.2) ?? 0, name: String(field.3), isList: field.4 != nil,
                at: line)
        } else if let field = text.wholeMatch(of: /returns: *(\S.*)/) {
            guard returns == nil else { throw line.problem("`returns:` twice") }
            returns = String(field.1)
        } else if let field = text.wholeMatch(of: /errors: *([A-Z][A-Z0-9_]*)\b.*/) {
            errors.append(String(field.1))
        } else if let field = text.wholeMatch(of: /flags: *([a-z, -]+)/) {
            guard flags.isEmpty else { throw line.problem("`flags:` twice") }
            flags = field.1.split { $0 == "," || $0 == " " }.map(String.init)
            for flag in flags where !Self.knownFlags.contains(flag) {
                throw line.problem("no such flag: \(flag)")
            }
        } else if text.starts(with: /(KEYS?|ARGV?)\s*\[|(returns?|errors?|flags?):/) {
            throw line.problem("malformed header line; see the form in ScriptRendering: `\(text)`")
        }
        // Anything else goes on with the sentence of the line above.
    }

    private mutating func readParameter(
        table: String, index: Int, name: String, isList: Bool, at line: LuaLine
    ) throws(SourceProblem) {
        let known = table == "KEYS" ? keys : arguments
        guard index == known.count + 1 else {
            throw line.problem("\(table)[\(index)] is out of order: \(table)[\(known.count + 1)] comes next")
        }
        guard !known.contains(name) else { throw line.problem("two \(table) are called \(name)") }
        guard !rest || table == "KEYS" else { throw line.problem("nothing can follow a list that takes up the rest") }
        if table == "KEYS" {
            guard !isList else { throw line.problem("KEYS are few and named: a list of keys is refused") }
            keys.append(name)
        } else {
            arguments.append(name)
            rest = isList
        }
    }
}
