import ArgumentParser
import Penstock

/// What a signal or an event from outside brings.
struct PayloadOption: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("What it brings, \(JSONArgument.help). Default: null.", valueName: "json"),
        transform: JSONArgument.init)
    var payload = JSONArgument("null")

    func bytes() throws(CommandFailure) -> [UInt8] { try payload.bytes(option: "--payload") }
}
