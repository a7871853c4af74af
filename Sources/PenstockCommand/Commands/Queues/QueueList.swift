import ArgumentParser
import Penstock

struct QueueList: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All queues that ever had a job.")

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let queues = try await Session.run(connection) { try await $0.queues() }
        Console.write(connection.json ? JSONText.line(QueuesView(queues)) : QueueTable.render(queues))
    }
}
