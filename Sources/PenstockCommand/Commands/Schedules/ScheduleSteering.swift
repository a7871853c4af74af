import ArgumentParser
import Penstock

struct SchedulePause: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Fire no tick of these schedules until they are resumed.",
        discussion: "What they have started goes on; ticks that pass meanwhile are not made up for.")

    @Argument(help: ScheduleText.namesHelp, transform: ScheduleText.name) var names: [String]

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        try await ScheduleSteering.perform(connection, names, "paused") {
            try await $0.pause(by: PauseTarget.operatorName)
        }
    }
}

struct ScheduleResume: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let paused schedules go on, with their next tick from now.",
        discussion: "Harmless where one is not paused. A backfill goes on where it was.")

    @Argument(help: ScheduleText.namesHelp, transform: ScheduleText.name) var names: [String]

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        try await ScheduleSteering.perform(connection, names, "resumed") { try await $0.resume() }
    }
}

struct ScheduleDelete: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Forget schedules; what they have started goes on.",
        discussion: """
            This is how a backfill is cancelled. Exit code 1 for one that a worker's code declares, which would make it \
            anew: pause that.
            """)

    @Argument(help: ScheduleText.namesHelp, transform: ScheduleText.name) var names: [String]

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        try await ScheduleSteering.perform(connection, names, "deleted") { try await $0.delete() }
    }
}

/// What commands that steer several schedules have in common.
private enum ScheduleSteering {
    private struct Answer: Encodable {
        let name: String
        /// What was asked for, or a code of the error.
        let answer: String
        let error: String?
    }

    /// One line, or one object, for each; fails if any was not done. What concerns Redis ends it at once.
    static func perform(
        _ connection: ConnectionOptions, _ names: [String], _ done: String,
        isolation: isolated (any Actor)? = #isolation, _ body: (Schedule) async throws -> Void
    ) async throws {
        let (answers, errors) = try await Session.run(connection) { penstock in
            var (answers, errors): ([Answer], [PenstockError]) = ([], [])
            for name in names {
                do {
                    try await body(penstock.schedule(name))
                    answers.append(Answer(name: name, answer: done, error: nil))
                } catch let error as PenstockError where [.notFound, .notNow].contains(error.code) {
                    answers.append(Answer(name: name, answer: snakeCase(error.code.rawValue), error: error.message))
                    errors.append(error)
                }
            }
            return (answers, errors)
        }
        if names.count == 1, let error = errors.first { throw error }
        if connection.json { Console.write(JSONText.line(answers)) }
        for answer in answers where !connection.json {
            Console.write(answer.error.map(printable) ?? "schedule \(answer.name) is \(done)")
        }
        guard errors.isEmpty else {
            throw CommandFailure.refused("\(errors.count) of \(names.count) schedules stayed as they were")
        }
    }
}
