/// Who may import whom. Package.swift has the same arrows; this holds every `import` line to them, because SwiftPM lets
/// a target import what its dependencies depend on.
enum ImportArrows {
    /// For each module those of ours that it may import.
    static let allowed: [String: Set<String>] = [
        "CHiredis": [],
        "PenstockModel": [],
        "RedisClient": ["CHiredis"],
        "PenstockStore": ["PenstockModel", "RedisClient"],
        "PenstockRuntime": ["PenstockModel", "RedisClient", "PenstockStore"],
        "Penstock": ["PenstockModel", "RedisClient", "PenstockStore", "PenstockRuntime"],
        "PenstockObservability": ["Penstock"],
        "PenstockCallbacks": ["Penstock"],
        "EmbeddedRedis": ["RedisClient"],
        "PenstockTesting": [
            "PenstockModel", "RedisClient", "PenstockStore", "PenstockRuntime", "Penstock", "EmbeddedRedis",
        ],
        "PenstockCommand": ["Penstock", "EmbeddedRedis", "PenstockModel", "PenstockRuntime"],
        "Examples": ["Penstock", "EmbeddedRedis"],
        "ScriptRendering": [],
        "RenderScripts": ["ScriptRendering"],
    ]

    /// What a module may not have from outside: PenstockModel touches no IO, and only the client speaks hiredis.
    static let refused: [String: Set<String>] = [
        "PenstockModel": [
            "Foundation", "FoundationNetworking", "Glibc", "Musl", "Darwin", "Dispatch", "NIO", "NIOCore", "NIOPosix",
            "Testing", "XCTest",
        ]
    ]

    static func findings(in file: SourceFile, arrows: [String: Set<String>] = allowed) -> [Finding] {
        guard let module = file.module else { return [] }
        guard let targets = arrows[module] else {
            return [Finding(path: file.path, line: 1, message: "\(module) has no arrows yet: add it to ImportArrows")]
        }
        let text = SwiftText(file.text)
        return text.code.indices.flatMap { line in
            imports(in: text.code[line]).compactMap { imported in
                let isOurs = arrows.keys.contains(imported)
                guard
                    (isOurs && imported != module && !targets.contains(imported))
                        || refused[module, default: []].contains(imported)
                else { return nil }
                let names = targets.sorted().joined(separator: ", ")
                return Finding(
                    path: file.path, line: line + 1,
                    message: "\(module) may not import \(imported); of ours it may import: "
                        + (names.isEmpty ? "nothing" : names))
            }
        }
    }

    /// The modules that a line of code imports.
    static func imports(in code: String) -> [String] {
        guard code.contains("import") else { return [] }
        let declaration =
            /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|typealias|func|let|var|actor)\s+)?(\w+)/
        return code.split(separator: ";").compactMap { $0.firstMatch(of: declaration).map { String($0.1) } }
    }
}
