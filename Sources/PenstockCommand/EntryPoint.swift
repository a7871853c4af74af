import ArgumentParser

/// Where the program starts: parse, run, and turn whatever goes wrong into a message and an exit code.
@main struct EntryPoint {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        let failures = FailureReport(asJSON: JSONFlag.isSet(in: words))
        var command: any ParsableCommand
        do {
            command = try EmbeddedArgument.parse(words)
        } catch {
            failures.endParsing(error)
        }
        do {
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            failures.end(error)
        }
    }
}
