import Foundation

/// Runs luacheck over each script together with its includes, in full and in the order in which they are rendered:
/// so a name that an include defines is known, an include that is not called is an unused function, and two includes
/// that define the same name collide. What luacheck says is then led back to the file it is about.
package struct LuaLinter {
    private let luacheck: URL
    private let configuration: URL

    /// Throws ``Command/Missing`` where luacheck is not installed.
    package init(configuration: URL) throws {
        luacheck = try Command.locate("luacheck", package: "lua-check")
        self.configuration = configuration
    }

    package func problems(in library: ScriptLibrary) async throws -> [SourceProblem] {
        guard !library.scripts.isEmpty else { return [] }
        let files = try TemporaryDirectory()
        defer { files.remove() }
        for script in library.scripts {
            try files.write(script.lintLines.map(\.text).joined(separator: "\n") + "\n", to: "\(script.name).lua")
        }
        let result = try await Command.run(
            luacheck,
            ["--config", configuration.path, "--formatter", "plain", "--codes", "--no-color", "--no-cache"]
                + library.scripts.map { "\($0.name).lua" },
            directory: files.url)
        let problems = try Self.problems(output: result.output, scripts: library.scripts)
        guard result.status == 0 || (result.status <= 2 && !problems.isEmpty) else {
            throw Failure(description: "luacheck ended with \(result.status): \(result.output)\(result.errorOutput)")
        }
        return problems
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func problems(output: String, scripts: [RenderedScript]) throws -> [SourceProblem] {
        let byName = Dictionary(uniqueKeysWithValues: scripts.map { ($0.name, $0) })
        var seen: Set<SourceProblem> = []
        return try output.split(separator: "\n").compactMap { text in
            guard let match = text.wholeMatch(of: /(\w+)\.lua:(\d+):\d+: (.*)/),
                let number = Int(match.2), let lines = byName[String(match.1)]?.lintLines, !lines.isEmpty
            else { throw Failure(description: "luacheck said something unexpected: \(text)") }
            // Some complaints are about the end of the file.
            let line = lines[min(max(number, 1), lines.count) - 1]
            let problem = line.problem("\(match.3) [in \(match.1)]")
            // An include is linted once for each script that has it.
            return seen.insert(line.problem(String(match.3))).inserted ? problem : nil
        }
    }
}
