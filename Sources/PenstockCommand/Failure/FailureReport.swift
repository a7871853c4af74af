import ArgumentParser

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Says what went wrong, as text or JSON on standard error, and ends the process with the right code.
struct FailureReport {
    let asJSON: Bool

    /// Ends after a line that could not be parsed, or that asked for help.
    func endParsing(_ error: any Error) -> Never {
        let code = RootCommand.exitCode(for: error).rawValue
        if code == 0 {
            Console.write(RootCommand.fullMessage(for: error))
            exit(0)
        }
        if asJSON {
            end(CommandFailure("usage", RootCommand.message(for: error), exit: .usage))
        }
        Console.writeError(printableLines(RootCommand.fullMessage(for: error)))
        exit(code)
    }

    func end(_ error: any Error) -> Never {
        // A command that has said what there is to say, and ends with a code for programs.
        if let code = error as? ExitCode { exit(code.rawValue) }
        // A parser's error that a command threw while it ran: wrong usage, or a request for help.
        if RootCommand.exitCode(for: error) != .failure { endParsing(error) }
        let failure = CommandFailure(error)
        if asJSON {
            Console.writeError(JSONText.line(Report(error: .init(code: failure.code, message: failure.message))))
        } else {
            Console.writeError("\(Style.error.red("Error:")) \(printableLines(failure.message))")
        }
        exit(failure.exit.rawValue)
    }

    private struct Report: Encodable {
        struct Problem: Encodable {
            let code: String
            let message: String
        }
        let error: Problem
    }
}
