import ArgumentParser
import Penstock

struct ScheduleShow: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "All about a schedule: when, what, its state, its next ticks, and its last ones.",
        discussion: """
            Beside each tick stands what became of it, and of what it has started. Exit code 1 if there is no such schedule.
            """)

    @Argument(help: ScheduleText.nameHelp, transform: ScheduleText.name) var name: String

    @Option(
        parsing: .unconditional, help: ArgumentHelp("So many next ticks, 0 to 1000. Default: 5.", valueName: "number"))
    var next = 5

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("So many of the last ticks, 0 to 100. Default: 10.", valueName: "number"))
    var history = 10

    @Flag(help: "Show payload or input whole. Default: the first 2 KiB.") var full = false

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func validate() throws {
        guard (0...1000).contains(next) else { throw ValidationError("--next must be 0 to 1000; it is \(next).") }
        guard (0...100).contains(history) else {
            throw ValidationError("--history must be 0 to 100, as the newest 100 are kept; it is \(history).")
        }
    }

    func run() async throws {
        let (view, past) = try await Session.run(connection) { penstock in
            let schedule = penstock.schedule(name)
            let view = try ScheduleView(try await schedule.status(next: next))
            var past: [PastTick] = []
            for record in try await schedule.history(limit: history) {
                past.append(try await PastTick(record, penstock))
            }
            return (view, past)
        }
        let limit = full ? Int.max : 2 << 10
        if connection.json {
            Console.write(JSONText.line(view.json(limit: limit, history: past.map(PastTick.View.init))))
            return
        }
        var parts = [view.sheet(limit: limit).render()]
        if next > 0 { parts.append(ScheduledTick.table(view.next)) }
        if history > 0 { parts.append(past.isEmpty ? "No tick has come yet." : PastTick.table(past)) }
        Console.write(parts.joined(separator: "\n\n"))
    }
}
