import ArgumentParser
import Penstock

struct QueueResume: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let jobs of a paused queue, or kind, start again.")

    @OptionGroup var target: PauseTarget

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let changed = try await Session.run(connection) { penstock in
            if let kind = target.kind { return try await penstock.resume(kind: kind) }
            return try await penstock.resume(queue: target.name ?? "")
        }
        let text = changed ? "\(target.words) is open again" : "\(target.words) was not paused"
        Console.write(connection.json ? JSONText.line(target.view(paused: false, changed: changed)) : text)
    }
}
