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
        /// Which tests of the binary.
        let filter: String
        var skipped: [String] = []
        var seconds = 90
        /// Scripts that it tests; nil: any.
        var scripts: Set<String>?
    }

    let scripts: [RenderedScript]
    let stages: [Stage]
    let binary: URL
    let steps: Int

    init(_ library: ScriptLibrary, stages: [Stage], binary: URL, steps: Int) {
        scripts = library.scripts
        self.stages = stages
        self.binary = binary
        self.steps = steps
    }

    func verdict(on mutant: Mutant) async throws -> Verdict {
        let changed = scripts.compactMap { script in
            script.changed(mutant.changes, of: mutant.path).map { (script.name, $0.source, $0.digest) }
        }
        return changed.isEmpty ? .invalid("nothing changes") : try await verdict(on: changed)
    }

    /// Of the tests alone.
    func verdict() async throws -> Verdict {
        try await verdict(on: scripts.map { ($0.name, $0.source, $0.digest) })
    }

    /// With these scripts in the place of those of the same name.
    private func verdict(on scripts: [(name: String, source: String, digest: String)]) async throws -> Verdict {
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
        let names = Set(scripts.map(\.name))
        // Those that test nothing else come first.
        let special = stages.filter { $0.scripts?.isSuperset(of: names) == true }
        let others = stages.filter {
            $0.scripts?.isSuperset(of: names) != true && $0.scripts?.isDisjoint(with: names) != true
        }
        for stage in special + others {
            if let what = try await issue(stage, folder) { return .killed(stage: stage.name, by: what) }
        }
        return .survived
    }

    /// What a stage says twice. Tests of time may fail on a busy machine, whatever the mutant is.
    private func issue(_ stage: Stage, _ folder: TemporaryDirectory) async throws -> String? {
        var passing: [String] = []
        while true {
            var whole = stage
            whole.skipped += passing
            let start = ContinuousClock.now
            guard let what = try await run(whole, folder) else { return nil }
            // The fuzz is of the state alone.
            if stage.name == "fuzz", !what.hasPrefix(Self.late), await !watch.slept(since: start) { return what }
            if what.hasPrefix(Self.late) {
                // The machine may have slept.
                return try await run(whole, folder)
            }
            guard let suite = what.firstMatch(of: /at (\w+)\.swift/).map({ String($0.1) }), passing.count < 5 else {
                return what
            }
            let alone = Stage(name: suite, filter: suite, skipped: [], seconds: stage.seconds)
            if try await run(alone, folder) != nil { return what }
            passing.append(suite)
        }
    }

    private let watch = Watch()
    private static let late = "takes more than"

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

    /// The first issue; nil if there is none.
    private func run(_ stage: Stage, _ folder: TemporaryDirectory) async throws -> String? {
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
                + [binary.path, "--testing-library", "swift-testing", "--filter", stage.filter]
                + (stage.skipped.isEmpty ? [] : ["--skip", stage.skipped.joined(separator: "|")]))
        if result.status == 0 { return nil }
        let line = result.output.split(separator: "\n").first.map(String.init) ?? ""
        let isLate = result.status == 124 || result.status == 137 && line.isEmpty
        let plain = line.replacing(/\u{1B}\[[0-9;]*m/, with: "").replacing("\t", with: " ")
        return isLate ? "\(Self.late) \(stage.seconds) s" : plain.isEmpty ? "status \(result.status)" : plain
    }
}
