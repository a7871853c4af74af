import Foundation
import Testing

/// A breach of the rules of the house.
struct Finding: Hashable, CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// Reports each finding as an issue of its own.
func expectNone(_ findings: [Finding], sourceLocation: SourceLocation = #_sourceLocation) {
    for finding in findings { Issue.record("\(finding)", sourceLocation: sourceLocation) }
}

struct SourceFile: Sendable {
    /// From the root of the repository.
    let path: String
    let text: String

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// `RedisClient` for `Sources/RedisClient/Connection.swift`.
    var module: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }
}

/// The files of this repository, wherever it is.
enum Repository {
    static let root: URL = {
        var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        while folder.path != "/" {
            if FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path) { break }
            folder.deleteLastPathComponent()
        }
        return folder
    }()

    /// All files under a folder of the repository that `accept` takes, in order; build products and hidden folders
    /// other than `.ci` are passed over.
    static func files(in folder: String = "", where accept: (String) -> Bool = { $0.hasSuffix(".swift") }) throws
        -> [SourceFile]
    {
        let base = folder.isEmpty ? root : root.appendingPathComponent(folder)
        let prefix = folder.isEmpty ? "" : "\(folder)/"
        return try FileManager.default.contentsOfDirectory(atPath: base.path).sorted().flatMap { name in
            let path = prefix + name
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: base.appendingPathComponent(name).path, isDirectory: &isFolder)
            else { return [SourceFile]() }
            if isFolder.boolValue {
                return name.hasPrefix(".") && name != ".ci" ? [] : try files(in: path, where: accept)
            }
            guard accept(path) else { return [] }
            let bytes = try Data(contentsOf: root.appendingPathComponent(path))
            return [SourceFile(path: path, text: String(decoding: bytes, as: UTF8.self))]
        }
    }
}
