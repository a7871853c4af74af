import ArgumentParser
import Penstock

struct RunResult: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "result", abstract: "The output of a run that has succeeded; of a state machine its object.",
        discussion: """
            Prints the output as it is. Exit code 1 if the run is not known, has not ended (in time, with --wait), or has \
            ended otherwise.
            """)

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @OptionGroup var wait: WaitOptions

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let end = try await Session.run(connection) { penstock in
            try await RunEnding.of(penstock.run(id), within: wait.limit)
        }
        try end.print(json: connection.json)
    }
}

/// How a run has ended, and its output.
struct RunEnding {
    private let status: RunStatus
    private let output: [UInt8]?

    /// - Parameter limit: how long to wait for the end; nil: it has to have ended.
    static func of(_ run: Run, within limit: Duration?) async throws -> RunEnding {
        let status: RunStatus
        if let limit { status = try await run.wait(timeout: limit) } else { status = try await run.status() }
        guard status.state.isTerminal else {
            throw CommandFailure.refused(
                "run \(run.id) has not ended: it is \(status.state.words); wait for its end with --wait")
        }
        // Of what was deleted a scrubber may have left something.
        let hasOutput = status.state == .succeeded || status.state == .dataDeleted
        return RunEnding(status: status, output: hasOutput ? try await run.output() : nil)
    }

    func print(json: Bool) throws {
        if json {
            Console.write(JSONText.line(View(status, output)))
        } else if let output, !output.isEmpty {
            Console.write(bytes: output)
        } else if status.state == .succeeded {
            Console.writeError("run \(status.id) has succeeded; it has no output.")
        }
        try status.expectSuccess(orOutput: output)
    }

    private struct View: Encodable {
        let id: String
        let state: String
        let output: BytesPreview?
        let errors: [RunErrorView]

        init(_ status: RunStatus, _ output: [UInt8]?) {
            id = status.id.rawValue
            state = snakeCase(status.state.rawValue)
            self.output = output.flatMap { $0.isEmpty ? nil : BytesPreview($0, limit: .max) }
            errors = status.errors.map(RunErrorView.init)
        }
    }
}

extension RunStatus {
    /// What a command ends with that is about a run which has ended.
    func expectSuccess(orOutput output: [UInt8]? = nil) throws(CommandFailure) {
        if state == .succeeded || output?.isEmpty == false { return }
        let reasons = errors.map { "\n  \($0)" }.joined()
        throw .refused("run \(id) of \(workflow) has ended: \(state.words)\(reasons)")
    }
}

/// Why a step failed, as it is printed.
struct RunErrorView: Encodable {
    let step: String
    let message: String
    /// Whether it is the rollback that failed.
    let rollback: Bool

    init(_ error: StepError) {
        step = error.step
        message = error.message
        rollback = error.isOfRollback
    }
}
