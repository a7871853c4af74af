import ArgumentParser
import Penstock

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

struct ScheduleBackfill: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Fire the ticks of a time that has passed, whether they were fired then or not.",
        discussion: """
            It is a schedule of its own: prints its name, by which it is watched, paused, resumed and, deleted, cancelled. It \
            is gone when its last tick was fired.

            EXAMPLES
              penstock schedule backfill digest --from 2030-01-01 --through 2030-01-31T23:59Z --at-most 4
            """)

    @Argument(help: ScheduleText.nameHelp, transform: ScheduleText.name) var name: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("From this moment on, in ISO 8601; a tick at it counts.", valueName: "time"),
        transform: MomentText.parse)
    var from: Int64

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Up to this moment, in ISO 8601; a tick at it counts.", valueName: "time"),
        transform: MomentText.parse)
    var through: Int64

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "So many of the jobs or runs that it starts go on at once, 1 to 1000000. Default: 1.", valueName: "number"))
    var atMost = 1

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func validate() throws {
        guard (1...1_000_000).contains(atMost) else {
            throw ValidationError("--at-most must be 1 to 1000000; it is \(atMost).")
        }
        if through < from { throw ValidationError("--through comes before --from: exchange them.") }
    }

    func run() async throws {
        let backfill = try await Session.run(connection) { penstock in
            try await penstock.schedule(name).backfill(
                from: Date(milliseconds: from), through: Date(milliseconds: through), atMost: atMost)
        }
        if connection.json {
            Console.write(JSONText.line(View(name: backfill.name, schedule: name)))
            return
        }
        Console.write(backfill.name)
        Console.writeError(
            "Watch it with penstock schedule show \(backfill.name); cancel it with penstock schedule delete \(backfill.name)"
        )
    }

    private struct View: Encodable {
        /// Of the backfill.
        let name: String
        let schedule: String
    }
}
