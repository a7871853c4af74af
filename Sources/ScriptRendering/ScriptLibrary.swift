import Foundation

/// Everything under `lua/`, resolved and checked.
package struct ScriptLibrary: Sendable {
    /// In the order of their names.
    package let scripts: [RenderedScript]

    package init(files: [LuaFile]) throws(RenderingFailure) {
        var problems: [SourceProblem] = []
        let units = files.sorted { $0.path < $1.path }.map { file in
            let (unit, found) = LuaUnit.parse(file)
            problems += found
            return unit
        }
        let includes = Dictionary(
            units.filter { $0.file.role == .include }.map { ($0.file.name, $0) },
            uniquingKeysWith: { first, _ in first })
        var resolver = IncludeResolver(includes: includes)
        scripts = units.filter { $0.file.role == .script }.map { script in
            let units = resolver.resolve(script)
            let scope = resolver.problems.isEmpty ? ScriptScope(of: script, among: includes) : ScriptScope()
            return RenderedScript(units: units + [script], scope: scope, script: script)
        }
        problems += resolver.problems
        for include in units where include.file.role == .include && !resolver.reached.contains(include.file.name) {
            problems.append(SourceProblem(path: include.file.path, line: 1, message: "no script uses this include"))
        }
        problems += Self.namingProblems(scripts)
        if problems.isEmpty { problems = scripts.flatMap(\.contractProblems) }

        var seen: Set<SourceProblem> = []
        problems = problems.filter { seen.insert($0).inserted }
        guard problems.isEmpty else { throw RenderingFailure(problems: problems) }
    }

    private static func namingProblems(_ scripts: [RenderedScript]) -> [SourceProblem] {
        var taken: [String: String] = ["all": "Scripts.all", "contracts": "Scripts.contracts"]
        return scripts.compactMap { script in
            let path = "lua/\(script.name).lua"
            guard let other = taken.updateValue(path, forKey: script.swiftName) else { return nil }
            return SourceProblem(path: path, line: 1, message: "`\(script.swiftName)` is taken by \(other) in Swift")
        }
    }
}

extension ScriptLibrary {
    /// Reads `lua/*.lua` and `lua/includes/*.lua` of a package.
    package static func load(packageRoot root: URL) throws -> ScriptLibrary {
        try ScriptLibrary(files: files(packageRoot: root))
    }

    /// The files that a package has, as they are.
    package static func files(packageRoot root: URL) throws -> [LuaFile] {
        let lua = root.appendingPathComponent("lua", isDirectory: true)
        let includes = lua.appendingPathComponent("includes", isDirectory: true)
        return try files(.script, in: lua) + files(.include, in: includes)
    }

    private static func files(_ role: LuaFile.Role, in directory: URL) throws -> [LuaFile] {
        guard FileManager.default.fileExists(atPath: directory.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "lua" }
            .map { file in
                let name = file.deletingPathExtension().lastPathComponent
                return LuaFile(role, name: name, text: try String(contentsOf: file, encoding: .utf8))
            }
    }
}

/// Puts the includes of a script in an order in which each comes after what it needs.
private struct IncludeResolver {
    let includes: [String: LuaUnit]
    var reached: Set<String> = []
    var problems: [SourceProblem] = []

    init(includes: [String: LuaUnit]) {
        self.includes = includes
    }

    mutating func resolve(_ script: LuaUnit) -> [LuaUnit] {
        var order: [LuaUnit] = []
        var done: Set<String> = []
        visit(script, trail: [], done: &done, order: &order)
        return order
    }

    private mutating func visit(
        _ unit: LuaUnit, trail: [String], done: inout Set<String>, order: inout [LuaUnit]
    ) {
        for (name, line) in unit.includes {
            if let start = trail.firstIndex(of: name) {
                let cycle = (trail[start...] + [name]).joined(separator: " -> ")
                problems.append(line.problem("includes go round in a circle: \(cycle)"))
            } else if done.contains(name) {
                continue
            } else if let include = includes[name] {
                reached.insert(name)
                visit(include, trail: trail + [name], done: &done, order: &order)
                done.insert(name)
                order.append(include)
            } else {
                problems.append(line.problem("there is no lua/includes/\(name).lua"))
            }
        }
    }
}
