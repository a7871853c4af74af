import Glibc
import Penstock
import PenstockTesting
import Testing

/// The program RunWorkerProcess, which lies beside the test bundle.
enum RunWorkerProgram {
    @discardableResult
    static func run<Result>(
        _ url: String, lease: Duration = .milliseconds(1500), concurrency: Int = 4,
        isolation: isolated (any Actor)? = #isolation, _ body: (TestProcess) async throws -> Result
    ) async throws -> Result {
        let path = try WorkerProgram.path().replacingSuffix("WorkerProcess", "RunWorkerProcess")
        return try await TestProcess.withProcess(path, [url, "\(lease.milliseconds)", "\(concurrency)"]) { process in
            try await process.output.line("its registration", within: .seconds(30)) { $0.hasPrefix("registered") }
            let result = try await body(process)
            if process.exitNow == nil {
                process.signal(SIGTERM)
                #expect(try await process.exit() == .code(0))
            }
            return result
        }
    }
}

extension String {
    fileprivate func replacingSuffix(_ old: String, _ new: String) -> String {
        hasSuffix(old) ? String(dropLast(old.count)) + new : self
    }
}

extension Run {
    /// Checks that the history is a legal path, on which no step ended twice in a round.
    func expectLegalHistory(_ what: String = "") async throws {
        var run = RunState.pending
        var steps: [String: StepState] = [:]
        for entry in try await history() {
            for move in entry.moves {
                switch move {
                case .run(let state):
                    if state != run || state == .pending {
                        #expect(
                            run == .pending && state == .pending || run.canMove(to: state),
                            "\(what) run \(run) -> \(state)")
                    }
                    run = state
                case .step(let step, let state, _):
                    let before = steps[step] ?? .pending
                    #expect(before.canMove(to: state), "\(what) \(step): \(before) -> \(state)")
                    steps[step] = state
                case .status: break
                }
            }
        }
        let status = try await status()
        #expect(status.state == run, "\(what)")
        for step in status.steps { #expect(steps[step.name] ?? .pending == step.state, "\(what) \(step.name)") }
    }
}
