import ArgumentParser
import Penstock

struct LimitList: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All limits with their present state.",
        discussion: """
            tokens: jobs that could start now by the rate alone. running: jobs that run under a concurrency. parked: \
            lanes that the limit holds back (jobs that share queue, tenant, priority and limit keys). For SCOPE:* running \
            and parked are those of all names that it stands for; tokens has each name for itself.
            """)

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let limits = try await Session.run(connection) { try await $0.limits() }
        Console.write(connection.json ? JSONText.line(limits.map(LimitStatusView.init)) : Self.table(limits))
    }

    private static func table(_ limits: [LimitStatus]) -> String {
        if limits.isEmpty { return "No limit is set." }
        var table = Table([
            .text("limit"), .text("rate"), .number("burst"), .number("tokens"), .number("concurrency"),
            .number("running"), .number("parked"),
        ])
        func cell(_ number: Int?) -> Table.Cell { Table.Cell(number.map(HumanText.count) ?? "-") }
        for limit in limits {
            table.add([
                Table.Cell(limit.name.rawValue, paint: Style.output.bold),
                Table.Cell(limit.terms.rate.map { "\($0)" } ?? "-"), cell(limit.terms.rate?.burst), cell(limit.tokens),
                cell(limit.terms.concurrency), cell(limit.holders?.count), cell(limit.parkedLanes),
            ])
        }
        return table.render()
    }
}

/// The terms of a limit; the same names everywhere.
struct LimitTermsView: Encodable {
    struct Rate: Encodable {
        let jobs: Int
        let periodMs: Int64
        let burst: Int
    }

    let rate: Rate?
    let concurrency: Int?

    init(_ terms: LimitTerms) {
        rate = terms.rate.map { Rate(jobs: $0.jobs, periodMs: $0.period.milliseconds, burst: $0.burst) }
        concurrency = terms.concurrency
    }
}

private struct LimitStatusView: Encodable {
    let name: String
    let terms: LimitTermsView
    let tokens: Int?
    let running: Int?
    let holders: [String]?
    let parkedLanes: Int

    init(_ limit: LimitStatus) {
        name = limit.name.rawValue
        terms = LimitTermsView(limit.terms)
        tokens = limit.tokens
        running = limit.holders?.count
        holders = limit.holders?.map(\.rawValue)
        parkedLanes = limit.parkedLanes
    }
}
