extension RenderedScript {
    /// Where the code and the header disagree about KEYS and ARGV.
    package var contractProblems: [SourceProblem] {
        tableProblems("KEYS", declared: header.keys, rest: false)
            + tableProblems("ARGV", declared: header.arguments, rest: header.rest)
    }

    private func tableProblems(_ table: String, declared: [String], rest: Bool) -> [SourceProblem] {
        var problems: [SourceProblem] = []
        var used: Set<Int> = []
        var usesList = false
        let accessors = accessors(of: table)
        for line in code {
            let text = line.code
            // What an include reads at an index it is given is what its callers read.
            let uses =
                TableUse.all(of: table, in: text).filter { use in
                    if case .dynamic = use { !accessors.keys.contains(line.path) } else { true }
                } + accessors.values.flatMap { TableUse.calls(of: $0, in: text) }
            for use in uses {
                switch use {
                case .index(let index) where rest && index >= declared.count:
                    usesList = true
                case .index(let index) where (1...max(declared.count, 1)).contains(index) && !declared.isEmpty:
                    used.insert(index)
                case .index(let index):
                    problems.append(line.problem("\(table)[\(index)] is not in the header of \(name)"))
                case .dynamic where rest:
                    usesList = true
                case .dynamic:
                    problems.append(
                        line.problem("\(name) declares no list (`name...`) in \(table): use \(table)[n] with a number"))
                }
            }
        }
        let header = SourceProblem(path: "lua/\(name).lua", line: 1, message: "")
        func unused(_ index: Int) -> SourceProblem {
            let message = "\(table)[\(index)] \(declared[index - 1]) is declared and never used"
            return SourceProblem(path: header.path, line: header.line, message: message)
        }
        let fixed = rest ? declared.count - 1 : declared.count
        problems += (0..<fixed).map { $0 + 1 }.filter { !used.contains($0) }.map(unused)
        if rest && !usesList { problems.append(unused(declared.count)) }
        return problems
    }

    /// The includes that read the table otherwise than at a literal index: path -> name of the function.
    private func accessors(of table: String) -> [String: String] {
        let dynamic = code.filter { line in
            line.path.hasPrefix("lua/includes/")
                && TableUse.all(of: table, in: line.code).contains { if case .dynamic = $0 { true } else { false } }
        }
        return Dictionary(
            dynamic.map { ($0.path, String($0.path.dropFirst("lua/includes/".count).dropLast(".lua".count))) },
            uniquingKeysWith: { first, _ in first })
    }
}

/// One mention of KEYS or ARGV.
private enum TableUse {
    case index(Int)
    /// Any other than a literal index: `ARGV[i]`, `unpack(ARGV, 3)`. The length, `#ARGV`, is no use.
    case dynamic

    static func all(of table: String, in code: String) -> [TableUse] {
        code.matches(of: /(#?)\b([A-Za-z_][A-Za-z0-9_]*)\b(?:\s*\[\s*(\d+)\s*\])?/).compactMap { match in
            guard match.2 == table else { return nil }
            if let index = match.3.flatMap({ Int($0) }) { return .index(index) }
            return match.1.isEmpty ? .dynamic : nil
        }
    }

    /// Calls of an include that reads the table at an index it is given: `number(2, 'lease')` uses ARGV[2].
    static func calls(of accessor: String, in code: String) -> [TableUse] {
        code.matches(of: /(function\s+)?\b([A-Za-z_][A-Za-z0-9_]*)\s*\(\s*(?:(\d+)\s*[,)])?/).compactMap { match in
            guard match.2 == accessor, match.1 == nil else { return nil }
            return match.3.flatMap { Int($0) }.map(TableUse.index) ?? .dynamic
        }
    }
}
