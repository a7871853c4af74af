import ArgumentParser
import Penstock

struct JobCancel: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel a job: one that waits is gone at once, one that runs is told to end.",
        discussion: """
            Exit code 1 if there is nothing to cancel: the job is a dead letter, or a step of a run, or has ended, or never \
            was.
            """)

    @Argument(help: IDText.help, transform: IDText.parse) var id: TaskID

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Why, for whoever looks at the job. Default: none.", valueName: "text"))
    var reason = ""

    @Flag(help: "If the job runs, wait until it has ended, and say how.") var wait = false

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let (answer, end) = try await Session.run(connection) { penstock in
            let answer = try await penstock.cancel(id, reason: reason)
            let end = wait && answer == .requested ? try await waitForEnd(penstock) : nil
            return (answer, end)
        }
        if connection.json {
            var run: String?
            if case .belongsToRun(let id) = answer { run = id.rawValue }
            Console.write(
                JSONText.line(View(id: id.rawValue, answer: snakeCase(answer.word), run: run, state: end?.rawValue)))
        }
        switch answer {
        case .cancelled: say("\(id) cancelled: it had not started")
        case .requested: say(end.map { "\(id) has ended: \(Self.describe($0))" } ?? "\(id) runs; it is told to end")
        case .dead: throw CommandFailure.refused("\(id) is a dead letter: discard it with penstock dead discard \(id)")
        case .belongsToRun(let run):
            throw CommandFailure.refused("the job is a step of run \(run): use penstock run cancel \(run)")
        case .unknown: throw CommandFailure.notFound("\(id) is not known: it has ended, or was never enqueued")
        }
    }

    private func say(_ text: String) {
        if !connection.json { Console.write(text) }
    }

    /// A job that was asked to end does not start again, so its end is the answer; nil: it ended while the command asked.
    private func waitForEnd(_ penstock: Penstock) async throws -> TaskState {
        do throws(PenstockError) {
            return try await penstock.wait(for: id, timeout: .seconds(86_400)).state
        } catch {
            guard error.code == .notFound else { throw error }
            return .unknown
        }
    }

    private static func describe(_ state: TaskState) -> String {
        switch state {
        case .unknown: "cancelled or completed; its end is not retained"
        case .queued, .delayed: "\(state.rawValue) again: its worker was lost before it could end"
        default: state.rawValue
        }
    }

    private struct View: Encodable {
        let id: String
        let answer: String
        /// The run that the job is a step of, where that is why it stays.
        let run: String?
        /// With --wait: what the job is after its end.
        let state: String?
    }
}
