import ArgumentParser
import Penstock

struct JobLog: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "What a job says: its progress, and the newest lines of its log.",
        discussion: "A log is kept as long as its job lives, and for the job's retention after that.")

    @Argument(help: IDText.help, transform: IDText.parse) var id: TaskID

    @Option(
        parsing: .unconditional, help: ArgumentHelp("So many lines, 1 to 1000. Default: 100.", valueName: "n"),
        transform: { text in
            guard let count = Int(text), (1...1000).contains(count) else {
                throw ArgumentProblem("must be a number from 1 to 1000")
            }
            return count
        })
    var last = 100

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let (progress, lines) = try await Session.run(connection) { penstock in
            (try await penstock.progress(of: id), try await penstock.log(of: id, last: last))
        }
        if connection.json {
            let view = View(
                id: id.rawValue, progress: progress?.fraction, message: progress?.message, lines: lines)
            Console.write(JSONText.line(view))
            return
        }
        if let progress {
            let percent = Int((progress.fraction * 100).rounded())
            Console.writeError("\(percent) %" + (progress.message.isEmpty ? "" : ": \(printable(progress.message))"))
        }
        for line in lines { Console.write(printable(line)) }
        if lines.isEmpty && progress == nil { Console.writeError("\(id) has said nothing.") }
    }

    private struct View: Encodable {
        let id: String
        let progress: Double?
        let message: String?
        let lines: [String]
    }
}
