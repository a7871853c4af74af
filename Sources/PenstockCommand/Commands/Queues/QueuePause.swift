import ArgumentParser
import Penstock

struct QueuePause: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let nothing of a queue, or of a kind, start; what runs goes on.")

    @OptionGroup var target: PauseTarget

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let changed = try await Session.run(connection) { penstock in
            let by = PauseTarget.operatorName
            if let kind = target.kind { return try await penstock.pause(kind: kind, by: by) }
            return try await penstock.pause(queue: target.name ?? "", by: by)
        }
        let text = changed ? "\(target.words) is paused" : "\(target.words) was paused already"
        Console.write(connection.json ? JSONText.line(target.view(paused: true, changed: changed)) : text)
    }
}
