import Penstock

/// A JSON value as people give it: written out, `@FILE` for the content of a file, or `-` for standard input.
struct JSONArgument: Sendable {
    private let text: String

    init(_ text: String) { self.text = text }

    /// How to write one.
    static let help = "JSON; @FILE is a file, - is standard input"

    /// The bytes, checked to be one JSON value.
    func bytes(option: String) throws(CommandFailure) -> [UInt8] {
        let (bytes, source) = try content(option: option)
        do throws(JSONSyntax.Problem) { try JSONSyntax.check(bytes) } catch {
            throw .usage("\(option)\(source.map { " (\($0))" } ?? "") is not JSON: \(error).")
        }
        return bytes
    }

    private func content(option: String) throws(CommandFailure) -> (bytes: [UInt8], source: String?) {
        let path: String
        switch text.first {
        case "@": path = String(text.dropFirst())
        case "-" where text == "-": path = "-"
        default: return (Array(text.utf8), nil)
        }
        guard !path.isEmpty else {
            throw .usage(
                "\(option): the name of the file is missing after the @; write @FILE, or - for standard input.")
        }
        let file = try InputFile(path, option: option)
        return (try file.readAll(limit: EnqueueCommand.largestPayload), file.name)
    }
}
