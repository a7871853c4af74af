import ArgumentParser
import Penstock

struct LimitSet: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set a limit: a rate, a concurrency or both; it replaces the one before.",
        discussion: """
            It counts at once and for all workers. What runs is never stopped: under a lower concurrency it goes on, and \
            nothing starts until fewer run. A limit that is set here wins over one that a worker's code declares.
            """)

    @Argument(help: LimitCommand.nameHelp, transform: LimitText.name) var name: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "So many jobs may start in a period, evenly spread: 10/s, 600/m, 5000/h, 3/10s. Default: any number.",
            valueName: "jobs/period"),
        transform: LimitText.rate)
    var rate: LimitText.Rate?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --rate: so many of them at once after a pause. Default: a tenth of a second's worth, at least 1.",
            valueName: "number"),
        transform: LimitText.burst)
    var burst: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("So many jobs may run at once, on all workers together. Default: any.", valueName: "number"),
        transform: LimitText.concurrency)
    var concurrency: Int?

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func validate() throws {
        if rate == nil && concurrency == nil {
            throw ValidationError(
                "Give --rate, --concurrency or both. To have no limit any more: penstock limit remove \(name)")
        }
        if burst != nil && rate == nil { throw ValidationError("--burst goes with --rate.") }
    }

    func run() async throws {
        let terms = try LimitTerms(
            jobs: rate?.jobs, per: rate?.period ?? .seconds(1), burst: burst, concurrency: concurrency)
        try await Session.run(connection) { try await $0.setLimit(name, terms) }
        Console.write(
            connection.json
                ? JSONText.line(View(name: name, terms: LimitTermsView(terms)))
                : "limit \(printable(name)) is set: \(terms)")
    }

    private struct View: Encodable {
        let name: String
        let terms: LimitTermsView
    }
}
