import Foundation

/// Verdicts, kept in a file while they come: a run that was stopped goes on where it was.
struct Record {
    let file: URL
    private(set) var verdicts: [String: Trial.Verdict] = [:]

    init(_ file: URL) throws {
        self.file = file
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data().write(to: file)
            return
        }
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 6, let verdict = Trial.Verdict(fields[3...]) else { continue }
            verdicts[fields[0...2].joined(separator: "\t")] = verdict
        }
    }

    mutating func add(_ mutant: Mutant, _ verdict: Trial.Verdict) throws {
        verdicts[mutant.id] = verdict
        let handle = try FileHandle(forWritingTo: file)
        defer { try? handle.close() }
        try handle.seekToEnd()
        let text = verdict.text.replacing("\n", with: " ")
        try handle.write(contentsOf: Data("\(mutant.id)\t\(text)\n".utf8))
    }

    // MARK: Summary

    /// Of those mutants that were tried: survivors, and how many were killed by file and by tag.
    func summary(of mutants: [Mutant]) -> String {
        let tried = mutants.compactMap { mutant in verdicts[mutant.id].map { (mutant, $0) } }
        var lines: [String] = []
        for (mutant, verdict) in tried where verdict == .survived {
            let tags = mutant.tags.map { " [\($0.rawValue)]" }.joined()
            lines.append("SURVIVED \(mutant.path):\(mutant.line) \(mutant.kind.rawValue)\(tags)")
            lines.append("    \(mutant.before)")
            lines.append("    \(mutant.after)")
        }
        func rate(_ name: String, _ some: [(Mutant, Trial.Verdict)], of all: Int) {
            let valid = some.filter { if case .invalid = $0.1 { false } else { true } }
            let killed = valid.count { $0.1 != .survived }
            let share = valid.isEmpty ? "  -  " : String(format: "%5.1f", 100 * Double(killed) / Double(valid.count))
            lines.append("\(share) %  \(killed) of \(valid.count) tried, of \(all)  \(name)")
        }
        lines.append("Killed:")
        for path in Set(mutants.map(\.path)).sorted() {
            let some = tried.filter { $0.0.path == path }
            if !some.isEmpty { rate(path, some, of: mutants.count { $0.path == path }) }
        }
        for kind in Mutant.Kind.allCases {
            rate(kind.rawValue, tried.filter { $0.0.kind == kind }, of: mutants.count { $0.kind == kind })
        }
        for tag in Mutant.Tag.allCases {
            let all = mutants.count { $0.tags.contains(tag) }
            rate("[\(tag.rawValue)]", tried.filter { $0.0.tags.contains(tag) }, of: all)
        }
        let others = mutants.count { $0.kind != .shifted }
        rate("in all but bounds that are off by one", tried.filter { $0.0.kind != .shifted }, of: others)
        rate("in all", tried, of: mutants.count)
        return lines.joined(separator: "\n")
    }
}
