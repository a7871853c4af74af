import ArgumentParser
import Penstock

struct RunSignal: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "signal", abstract: "Give a run a signal, for the step that waits for it now or will later.",
        discussion: "Exit code 1 if no step of the run waits for such a signal, or it has ended.")

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @Argument(help: ArgumentHelp("The signal's name.", valueName: "name")) var name: String

    @OptionGroup var payload: PayloadOption

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let bytes = try payload.bytes()
        try await RunSteering.perform(connection, id) { try await $0.signal(name, payload: bytes) }
    }
}

struct RunCallbackCommand: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "callback", abstract: "Give a run of a state machine an outside event.",
        discussion: """
            A worker then runs the code that the present status has for it. Exit code 1 if the status takes no such event.
            """)

    @Argument(help: RunText.idHelp, transform: RunText.id) var id: RunID

    @Argument(help: ArgumentHelp("The event's name.", valueName: "event")) var event: String

    @OptionGroup var payload: PayloadOption

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let bytes = try payload.bytes()
        try await RunSteering.perform(connection, id) { try await $0.callback(event, payload: bytes) }
    }
}
