import ArgumentParser
import Penstock

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What is paused or resumed: a queue by name, or a kind in all queues.
struct PauseTarget: ParsableArguments {
    @Argument(help: QueueCommand.nameHelp, transform: NameText.queue) var name: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("A kind of job, in all queues, instead of a queue.", valueName: "kind"),
        transform: NameText.kind)
    var kind: String?

    func validate() throws {
        if (name == nil) == (kind == nil) {
            throw ValidationError("Give the name of a queue, or --kind KIND for a kind in all queues.")
        }
    }

    var words: String { name.map { "queue \($0)" } ?? "kind \(kind ?? "")" }

    struct View: Encodable {
        let queue: String?
        let kind: String?
        let paused: Bool
        /// False if it was so already.
        let changed: Bool
    }

    func view(paused: Bool, changed: Bool) -> View { View(queue: name, kind: kind, paused: paused, changed: changed) }

    /// Who does it, for whoever wonders later: user@host.
    static var operatorName: String {
        let user = getenv("USER").map { String(cString: $0) } ?? "uid \(getuid())"
        var host = [CChar](repeating: 0, count: 256)
        guard gethostname(&host, host.count - 1) == 0 else { return user }
        return "\(user)@" + String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
