import ArgumentParser
import Penstock

/// Which events a command is about: some by id, or all.
struct SetAsideSelection: ParsableArguments {
    @OptionGroup var connector: ConnectorArgument

    @Argument(help: ArgumentHelp("Ids of events, as penstock connector show has them.", valueName: "event"))
    var events: [String] = []

    @Flag(help: "All events that are set aside.") var all = false

    func validate() throws {
        if all != events.isEmpty { throw ValidationError("Give ids of events, or --all, and not both.") }
    }

    /// Does it, and says to how many it was done.
    func steer(
        _ connection: ConnectionOptions, verb: String, _ body: (Penstock, [String]) async throws -> Int
    ) async throws {
        let (asked, done) = try await Session.run(connection) { penstock in
            let status = try await connector.find(penstock)
            let ids = all ? try await penstock.setAsideEvents(of: status.name).map(\.event.id) : events
            return (ids.count, try await body(penstock, ids))
        }
        let view = View(connector: connector.name, count: done)
        Console.write(
            connection.json
                ? JSONText.line(view) : "\(HumanText.plural(done, "event")) of \(printable(connector.name)) \(verb)")
        if !all, done < asked {
            throw CommandFailure.notFound("\(HumanText.plural(asked - done, "event")) not set aside, or not any more")
        }
    }

    private struct View: Encodable {
        let connector: String
        let count: Int
    }
}

struct ConnectorRetry: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Have events tried again that are set aside.",
        discussion:
            "Whoever serves the connector does it within seconds. Later events of their keys may be done with by now.")

    @OptionGroup var selection: SetAsideSelection
    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        try await selection.steer(connection, verb: "to be tried again") { penstock, ids in
            try await penstock.retrySetAside(ids, of: selection.connector.name)
        }
    }
}

struct ConnectorDiscard: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Drop events that are set aside, for good.")

    @OptionGroup var selection: SetAsideSelection
    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        try await selection.steer(connection, verb: "discarded") { penstock, ids in
            try await penstock.discardSetAside(ids, of: selection.connector.name)
        }
    }
}
