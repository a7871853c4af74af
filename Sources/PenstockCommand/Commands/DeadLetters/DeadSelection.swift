import ArgumentParser
import Penstock

/// Which dead letters a command is about: some by id, or all of a queue.
struct DeadSelection: ParsableArguments {
    @Argument(help: IDText.severalHelp, transform: IDText.parse) var ids: [TaskID] = []

    @Flag(help: "All dead letters of the queue that --queue names.") var all = false

    @Option(
        parsing: .unconditional, help: ArgumentHelp("With --all: the queue.", valueName: "name"),
        transform: NameText.queue)
    var queue: String?

    func validate() throws {
        if all && !ids.isEmpty { throw ValidationError("Give ids, or --all --queue NAME, not both.") }
        if !all && ids.isEmpty { throw ValidationError("Give the ids of dead letters, or --all --queue NAME.") }
        if all && queue == nil { throw ValidationError("--all needs --queue NAME.") }
        if !all && queue != nil { throw ValidationError("--queue goes with --all.") }
    }

    func resolve(_ penstock: Penstock) async throws -> [TaskID] {
        guard let queue else { return ids }
        return try await DeadLetters.ids(queue: queue, penstock)
    }

    /// Each job of a list of ids; of `--all` the number.
    func report(_ answers: [Answer], verb: String, json: Bool) throws {
        guard all else { return try Answers.print(answers, json: json) }
        let done = answers.count { $0.isDone }
        let view = Count(queue: queue ?? "", count: done, skipped: answers.count - done)
        let others = view.skipped == 0 ? "" : "; \(view.skipped) had changed meanwhile and were left alone"
        Console.write(json ? JSONText.line(view) : "\(HumanText.plural(done, "dead letter")) \(verb)\(others)")
    }

    private struct Count: Encodable {
        let queue: String
        let count: Int
        let skipped: Int
    }
}
