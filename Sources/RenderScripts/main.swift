import Foundation
import ScriptRendering

let usage = """
    usage: RenderScripts [--check | --lint]
      (nothing)   writes \(ScriptLibrary.generatedPath) from lua/
      --check     exits 1 if that file is stale, and writes nothing
      --lint      runs luacheck over lua/, each script with its includes
    Run it in the root of the package.
    """

func fail(_ message: String, status: Int32 = 1) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(status)
}

let root = URL(fileURLWithPath: FileManager.default.currentDirectoryPath, isDirectory: true)
guard FileManager.default.fileExists(atPath: root.appendingPathComponent("Package.swift").path) else {
    fail("There is no Package.swift here.\n\(usage)", status: 64)
}
let generated = root.appendingPathComponent(ScriptLibrary.generatedPath)

do {
    switch Array(CommandLine.arguments.dropFirst()) {
    case []:
        let library = try ScriptLibrary.load(packageRoot: root)
        let text = Data(library.generatedSwift.utf8)
        if (try? Data(contentsOf: generated)) == text {
            print("\(ScriptLibrary.generatedPath) is up to date: \(library.scripts.count) scripts")
        } else {
            try FileManager.default.createDirectory(
                at: generated.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: generated)
            print("wrote \(ScriptLibrary.generatedPath): \(library.scripts.count) scripts")
        }
    case ["--check"]:
        let library = try ScriptLibrary.load(packageRoot: root)
        guard (try? Data(contentsOf: generated)) == Data(library.generatedSwift.utf8) else {
            fail("\(ScriptLibrary.generatedPath) is stale: run `make scripts`")
        }
    case ["--lint"]:
        let library = try ScriptLibrary.load(packageRoot: root)
        let linter = try LuaLinter(configuration: root.appendingPathComponent(".luacheckrc"))
        let problems = try await linter.problems(in: library)
        guard problems.isEmpty else { fail(problems.map(\.description).joined(separator: "\n")) }
    case ["--help"]:
        print(usage)
    default:
        fail(usage, status: 64)
    }
} catch {
    fail("\(error)")
}
