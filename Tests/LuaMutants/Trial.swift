import Foundation
import ScriptRendering

/// Whether the tests notice a mutant.
struct Trial: Sendable {
    enum Verdict: Sendable, Equatable {
        /// By which stage, and the line that said so.
        case killed(stage: String, by: String)
        case survived
        /// It is no Lua, or breaks the header's contract: nothing to be tested.
        case invalid(String)

        var text: String {
            switch self {
            case .killed(let stage, let by): "killed\t\(stage)\t\(by)"
            case .survived: "survived\t\t"
            case .invalid(let why): "invalid\t\t\(why)"
            }
        }

        init?(_ fields: ArraySlice<String>) {
            let fields = Array(fields)
            guard fields.count == 3 else { return nil }
            switch fields[0] {
            case "killed": self = .killed(stage: fields[1], by: fields[2])
            case "survived": self = .survived
            case "invalid": self = .invalid(fields[2])
            default: return nil
            }
        }
    }

    struct Stage: Sendable {
        let name: String
        /// Filters of the test binary.
        let arguments: [String]
        let seconds: Int
    }

    let files: [LuaFile]
    /// Script to the digest of what it is without a mutant.
    let digests: [String: String]
    let stages: [Stage]
    let binary: URL
    let steps: Int

    init(files: [LuaFile], stages: [Stage], binary: URL, steps: Int) throws {
        self.files = files
        self.stages = stages
        self.binary = binary
        self.steps = steps
        let library = try ScriptLibrary(files: files)
        digests = Dictionary(uniqueKeysWithValues: library.scripts.map { ($0.name, $0.digest) })
    }

    func verdict(on mutant: Mutant) async throws -> Verdict {
        let library: ScriptLibrary
        do {
            library = try ScriptLibrary(files: files.map { $0.path == mutant.path ? mutant.file : $0 })
        } catch {
            return .invalid("\(error)".split(separator: "\n").first.map(String.init) ?? "")
        }
        let changed = library.scripts.filter { digests[$0.name] != $0.digest }
        if changed.isEmpty { return .invalid("nothing changes") }
        return try await verdict(on: changed)
    }

    /// With these scripts in the place of those of the same name.
    func verdict(on scripts: [RenderedScript]) async throws -> Verdict {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let luac = try Command.locate("luac5.1", package: "lua5.1")
        for script in scripts {
            let file = try folder.write(script.source, to: script.name + ".lua")
            try folder.write(script.digest, to: script.name + ".sha1")
            let plain = script.source.split(separator: "\n").dropFirst().joined(separator: "\n")
            let check = try await Command.run(luac, ["-p", "-"], input: plain)
            if check.status != 0 { return .invalid("\(file.lastPathComponent): \(check.errorOutput.prefix(200))") }
        }
        for stage in stages {
            let (status, line) = try await run(stage, folder)
            if status != 0 {
                let what = status == 124 || status == 137 && line.isEmpty ? "takes more than \(stage.seconds) s" : line
                return .killed(stage: stage.name, by: what)
            }
        }
        return .survived
    }

    /// Ends the tests with the first issue: what other tests would say of a mutant is of no interest.
    private static let script = """
        exec 3< <(exec timeout -k 2 "$1" "${@:2}" 2>&1)
        tests=$!
        while IFS= read -r -u 3 line; do
            case "$line" in
            *"recorded an issue"* | *"Fatal error"*)
                echo "$line"
                kill -KILL -- "-$tests" 2>/dev/null || kill -KILL "$tests" 2>/dev/null
                exit 3 ;;
            esac
        done
        wait "$tests"
        """

    private func run(_ stage: Stage, _ folder: TemporaryDirectory) async throws -> (status: Int32, line: String) {
        let scratch = try TemporaryDirectory()
        defer { scratch.remove() }
        let environment = [
            "TMPDIR=\(scratch.url.path)", "PENSTOCK_SCRIPTS=\(folder.url.path)", "PENSTOCK_SEED=1",
            "PENSTOCK_FUZZ_STEPS=\(steps)", "PENSTOCK_FUZZ_SHRINK=0", "PENSTOCK_FUZZ_RUNS=4",
            "SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4",
        ]
        let bash = try Command.locate("bash", package: "bash")
        let result = try await Command.run(
            bash,
            ["-c", Self.script, "trial", String(stage.seconds), "env"] + environment
                + [binary.path, "--testing-library", "swift-testing"] + stage.arguments)
        let line = result.output.split(separator: "\n").first.map(String.init) ?? ""
        return (result.status, line.replacing(/\u{1B}\[[0-9;]*m/, with: "").replacing("\t", with: " "))
    }
}
