import ArgumentParser
import Penstock

/// `penstock workers`: who works, on what.
struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "Workers that are alive, or not yet given up.",
        subcommands: [WorkersList.self], defaultSubcommand: WorkersList.self)
}

struct WorkersList: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Workers, what they serve and how much they hold.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let workers = try await Session.run(connection) { try await $0.workers() }.sorted { $0.name < $1.name }
        Console.write(connection.json ? JSONText.line(workers.map(View.init)) : Self.table(workers))
    }

    private static func table(_ workers: [WorkerStatus]) -> String {
        if workers.isEmpty { return "No worker is alive." }
        var table = Table([
            .text("worker"), .text("host"), .number("pid"), .number("running"), .text("lease"), .text("queues"),
            .text("kinds"),
        ])
        for worker in workers {
            let left = worker.leaseExpiry - Moment.now
            table.add([
                Table.Cell(worker.name, paint: Style.output.bold), Table.Cell(worker.host), Table.Cell("\(worker.pid)"),
                Table.Cell(HumanText.count(worker.running)),
                left > 0
                    ? Table.Cell(HumanText.duration(milliseconds: left) + " left")
                    : Table.Cell("over", paint: Style.output.red),
                Table.Cell(worker.queues.joined(separator: ", ")),
                Table.Cell(worker.kinds?.joined(separator: ", ") ?? "any"),
            ])
        }
        return table.render()
    }

    private struct View: Encodable {
        let name: String
        let host: String
        let pid: Int
        let queues: [String]
        /// Absent: any.
        let kinds: [String]?
        let running: Int
        let leaseExpiresAt: String

        init(_ worker: WorkerStatus) {
            name = worker.name
            host = worker.host
            pid = worker.pid
            queues = worker.queues
            kinds = worker.kinds
            running = worker.running
            leaseExpiresAt = Moment.text(worker.leaseExpiry)
        }
    }
}
