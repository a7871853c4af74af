import ArgumentParser
import Penstock

struct RunPause: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Let nothing new of a run start until it is resumed.",
        discussion: "Steps that run go on to their end; timers keep their moment. Harmless when done again.")

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws { try await RunSteering.perform(connection, id) { try await $0.pause() } }
}

struct RunResume: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a paused run go on. Harmless when it is not paused.")

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws { try await RunSteering.perform(connection, id) { try await $0.resume() } }
}
