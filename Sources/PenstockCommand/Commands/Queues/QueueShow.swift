import ArgumentParser
import Penstock

struct QueueShow: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A queue in numbers, its tenants, and kinds that no worker takes.")

    @Argument(help: QueueCommand.nameHelp, transform: NameText.queue) var name: String

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let queues = try await Session.run(connection) { try await $0.queues([name], withTenants: true) }
        guard let queue = queues.first else { throw CommandFailure.notFound("queue \(name) is not known") }
        Console.write(connection.json ? JSONText.line(View(queue)) : forPeople(queue))
    }

    private func forPeople(_ queue: QueueStatus) -> String {
        var sheet = Sheet()
        sheet.add("queue", queue.name)
        sheet.add(
            "paused",
            queue.isPaused
                ? [queue.pausedAt.map(Moment.textWithAge), queue.pausedBy.map { "by \(printable($0))" }]
                    .compactMap { $0 }.joined(separator: " ") : nil)
        sheet.add("ready", HumanText.count(queue.ready))
        sheet.add("limited", HumanText.count(queue.limited))
        sheet.add("delayed", HumanText.count(queue.delayed))
        sheet.add("running", HumanText.count(queue.running))
        sheet.add("dead", HumanText.count(queue.dead))
        sheet.add("completed", HumanText.count(queue.completed))
        sheet.add("retried", HumanText.count(queue.retried))
        sheet.add("recovered", HumanText.count(queue.recovered))
        sheet.add("cancelled", HumanText.count(queue.cancelled))
        sheet.add("expired", HumanText.count(queue.expired))
        sheet.add("oldest", queue.oldest.map { HumanText.age(since: $0) })
        if !queue.kindsSetAside.isEmpty {
            sheet.add(
                "set aside",
                "kinds that are paused, or that no worker takes: \(queue.kindsSetAside.joined(separator: ", "))")
        }
        if queue.tenants.isEmpty { return sheet.render() }
        var table = Table([.text("tenant"), .number("ready"), .number("limited"), .number("weight"), .text("oldest")])
        for tenant in queue.tenants {
            table.add([
                Table.Cell(tenant.name.isEmpty ? "(none)" : tenant.name), Table.Cell(HumanText.count(tenant.ready)),
                Table.Cell(HumanText.count(tenant.limited)),
                Table.Cell(HumanText.fixed(tenant.weight, tenant.weight == tenant.weight.rounded() ? 0 : 2)),
                Table.Cell(tenant.oldest.map { HumanText.age(since: $0) } ?? "-"),
            ])
        }
        return sheet.render() + "\n\n" + table.render()
    }

    private struct View: Encodable {
        struct TenantView: Encodable {
            let name: String
            let ready: Int
            let limited: Int
            let weight: Double
            let oldestAt: String?
        }

        let name: String
        let ready: Int
        let limited: Int
        let delayed: Int
        let running: Int
        let dead: Int
        let completed: Int
        let retried: Int
        let recovered: Int
        let cancelled: Int
        let expired: Int
        let paused: Bool
        let pausedBy: String?
        let pausedAt: String?
        let oldestAt: String?
        let kindsSetAside: [String]
        let tenants: [TenantView]

        init(_ queue: QueueStatus) {
            name = queue.name
            ready = queue.ready
            limited = queue.limited
            delayed = queue.delayed
            running = queue.running
            dead = queue.dead
            completed = queue.completed
            retried = queue.retried
            recovered = queue.recovered
            cancelled = queue.cancelled
            expired = queue.expired
            paused = queue.isPaused
            pausedBy = queue.pausedBy
            pausedAt = queue.pausedAt.map(Moment.text)
            oldestAt = queue.oldest.map(Moment.text)
            kindsSetAside = queue.kindsSetAside
            tenants = queue.tenants.map {
                .init(
                    name: $0.name, ready: $0.ready, limited: $0.limited, weight: $0.weight,
                    oldestAt: $0.oldest.map(Moment.text))
            }
        }
    }
}
