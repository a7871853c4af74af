import ArgumentParser
import Penstock

struct QueueWeight: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "weight", abstract: "Set how many jobs a tenant gets in a round of its queue; 1 by default.")

    @Argument(help: QueueCommand.nameHelp, transform: NameText.queue) var name: String
    @Argument(help: ArgumentHelp("The tenant.", valueName: "tenant"), transform: NameText.tenant) var tenant: String
    @Argument(help: ArgumentHelp("Its weight, above 0; 2.5 and the like are allowed.", valueName: "number"))
    var weight: Double

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func validate() throws {
        guard weight.isFinite, weight > 0 else { throw ValidationError("The weight must be a number above 0.") }
    }

    func run() async throws {
        try await Session.run(connection) { try await $0.setWeight(weight, tenant: tenant, queue: name) }
        Console.write(
            connection.json
                ? JSONText.line(View(queue: name, tenant: tenant, weight: weight))
                : "tenant \(tenant) of queue \(name) has weight \(HumanText.fixed(weight, weight == weight.rounded() ? 0 : 2))"
        )
    }

    private struct View: Encodable {
        let queue: String
        let tenant: String
        let weight: Double
    }
}
