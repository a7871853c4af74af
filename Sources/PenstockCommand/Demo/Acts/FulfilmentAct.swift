import EmbeddedRedis
import Glibc
import Penstock

/// Two runs of a workflow: an order that is fulfilled, and one that fails at its last step and is undone.
struct FulfilmentAct {
    static let queue = "orders"

    let stage: Stage
    /// A folder, for what the steps do.
    let ledger: FileName

    struct Ending: Sendable {
        let runs: Int
        let rolledBack: Int
        /// What came out otherwise than it should.
        let wrong: [String]
    }

    func perform() async throws -> Ending {
        guard ledger.withCString({ mkdir($0, 0o700) }) == 0 else { throw SystemError("create \(ledger)") }
        let workflow = try Fulfilment.workflow()
        let orders = [false, true].enumerated().map { place, isRefused in
            Fulfilment.Order(number: place + 1, ledger: ledger, isRefused: isRefused)
        }
        var runs: [TypedRun<String>] = []
        for order in orders {
            let options = StartOptions(queue: Self.queue, foreignID: "order-\(order.number)")
            runs.append(try await stage.penstock.start(workflow, order, options))
        }
        let views = try await watch(runs.map(\.run))
        var wrong: [String] = []
        for (order, view) in zip(orders, views) {
            let state = view.status.state
            let expected: RunState = order.isRefused ? .rolledBack : .succeeded
            if state != expected { wrong.append("order \(order.number) is \(state.words), not \(expected.words)") }
            let entries = Fulfilment.entries.filter { what in order.entry(what).withCString { access($0, F_OK) } == 0 }
            if entries != (order.isRefused ? [] : Fulfilment.entries) {
                wrong.append(
                    "order \(order.number) has left \(entries.isEmpty ? "nothing" : entries.joined(separator: ", "))")
            }
        }
        if views[0].status.state == .succeeded {
            let parcel = try await runs[0].output()
            if parcel != "parcel 1" { wrong.append("order 1 came out as \(printable(parcel))") }
        }
        stage.screen.show(
            .orders, wrong.isEmpty ? .done : .failed,
            wrong.isEmpty
                ? "one order reserved, charged, shipped; one that no carrier takes undone, step by step"
                : wrong.joined(separator: "; "), details: Self.details(views))
        return Ending(
            runs: views.count, rolledBack: views.count { $0.status.state == .rolledBack }, wrong: wrong)
    }

    /// Looks until all have ended, or nothing changes for a minute.
    private func watch(_ runs: [Run]) async throws -> [RunView] {
        var patience = Patience()
        // The workers have made the workflow known by now, or the start has.
        let shape = try await runs[0].shape()
        while true {
            try stage.workers.expectAlive()
            try await stage.refreshWorkers()
            var views: [RunView] = []
            for run in runs { views.append(try await RunView(run, shape: shape)) }
            stage.screen.show(
                .orders, .running, "two orders, of which no carrier takes the second", details: Self.details(views))
            let moves = views.map(\.status).map(\.hashValue)
            guard !views.allSatisfy(\.status.state.isTerminal), patience.lasts(moves) else { return views }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func details(_ views: [RunView]) -> [String] {
        views.enumerated().flatMap { place, view in
            ["order \(place + 1): \(view.status.state.words)"]
                + view.drawing(Style(isOn: false)).split(separator: "\n").map { "  \($0)" }
        }
    }
}
