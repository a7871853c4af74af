import ArgumentParser
import Penstock

struct RunHistory: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "All that happened to a run: when, by whom, in which attempt, with which error.",
        discussion: """
            What moved together stands in one line. Attempt and time are those of the code whose end it was. With --json \
            an array, the oldest first. Exit code 1 if the run is not known.
            """)

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let entries = try await Session.run(connection) { penstock in
            let run = penstock.run(id)
            // Asked first, since nobody's history is empty.
            _ = try await run.status()
            return try await run.history()
        }
        Console.write(connection.json ? JSONText.line(entries.map(RunEntryView.init)) : Self.table(entries))
    }

    private static func table(_ entries: [RunEntry]) -> String {
        var table = Table([
            .text("time"), .text("what"), .number("attempt"), .number("took"), .text("by"), .text("error"),
        ])
        for entry in entries {
            let view = RunEntryView(entry)
            table.add([
                Table.Cell(view.at), Table.Cell(view.words), Table.Cell(entry.attempt.map { "\($0)" } ?? ""),
                Table.Cell(entry.duration.map { HumanText.duration($0) } ?? ""), Table.Cell(entry.by),
                Table.Cell(view.firstErrorLine, paint: Style.output.red),
            ])
        }
        return table.render()
    }
}

/// An entry of a run's history as it is printed.
struct RunEntryView: Encodable {
    struct Move: Encodable {
        /// The run's new state, where it is the run that moved.
        var run: String?
        var step: String?
        /// The step's new state.
        var state: String?
        var branch: String?
        /// The status that a state machine has entered.
        var status: String?
        /// For people.
        let words: String

        enum CodingKeys: CodingKey { case run, step, state, branch, status }

        init(_ move: RunEntry.Move) {
            switch move {
            case .run(let state):
                run = snakeCase(state.rawValue)
                words = "run \(state.words)"
            case .step(let step, let state, let branch):
                self.step = step
                self.state = snakeCase(state.rawValue)
                self.branch = branch
                words = "\(step) \(state.words)" + (branch.map { ", decided for \($0)" } ?? "")
            case .status(let status):
                self.status = status
                words = "status \(status)"
            }
        }
    }

    let at: String
    let by: String
    let moves: [Move]
    let attempt: Int?
    let durationMs: Int64?
    let error: String?

    init(_ entry: RunEntry) {
        at = Moment.text(entry.at)
        by = entry.by
        moves = entry.moves.map(Move.init)
        attempt = entry.attempt
        durationMs = entry.duration?.milliseconds
        error = entry.error
    }

    var words: String { moves.map(\.words).joined(separator: "; ") }
    var firstErrorLine: String { error?.split(whereSeparator: \.isNewline).first.map(String.init) ?? "" }

    /// One line for a log.
    var line: String {
        let parts = [
            at, words, attempt.map { "attempt \($0)" } ?? "",
            durationMs.map { HumanText.duration(milliseconds: $0) } ?? "",
            firstErrorLine,
        ]
        return parts.filter { !$0.isEmpty }.map(printable).joined(separator: "  ")
    }
}
