import ArgumentParser
import Penstock

struct ScheduleTrigger: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "trigger",
        abstract: "Start now what a tick would start, whatever goes on, and also while it is paused.",
        discussion: "Prints the id of the job or run. The ticks go on as before.")

    @Argument(help: ScheduleText.nameHelp, transform: ScheduleText.name) var name: String

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let started = try await Session.run(connection) { try await $0.schedule(name).trigger() }
        Console.write(connection.json ? JSONText.line(View(name, started)) : started.description)
    }

    private struct View: Encodable {
        let name: String
        let job: String?
        let run: String?

        init(_ name: String, _ started: Schedule.Started) {
            self.name = name
            switch started {
            case .job(let id): (job, run) = (id.rawValue, nil)
            case .run(let id): (job, run) = (nil, id.rawValue)
            }
        }
    }
}
