import ArgumentParser
import Penstock

struct JobWhy: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Why a job is not running: what holds it, and until when.",
        discussion: """
            One sentence: its place in line, the limit that has parked it, the pause, the missing worker, the moment it \
            is due, the worker that runs it. Exit code 1 if nothing is known of it.
            """)

    @Argument(help: IDText.help, transform: IDText.parse) var id: TaskID

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let explanation = try await Session.run(connection) { try await $0.why(id) }
        let view = ExplanationView(explanation)
        Console.write(connection.json ? JSONText.line(view) : view.text)
        if explanation.causes == [.unknown] {
            throw CommandFailure.notFound(
                "job \(id) is not known: it was never enqueued, or has ended and was not retained")
        }
    }
}

/// Why a job is where it is, as it is printed.
struct ExplanationView: Encodable {
    struct CauseView: Encodable {
        let cause: String
        var limit: String?
        var terms: LimitTermsView?
        var until: String?
        var since: String?
        var by: String?
        var tenantsAhead: Int?
        var running: Int?
        var holders: [String]?
        var missing: String?
        var worker: String?
        var error: String?
        var batch: String?
        var membersLeft: Int?
        var state: String?
    }

    let id: String
    let kind: String?
    let queue: String?
    let tenant: String?
    let position: Int?
    let laneLength: Int?
    let causes: [CauseView]
    let uniqueKeys: [String]
    let expiresAt: String?
    /// The sentence.
    let text: String

    init(_ explanation: Explanation) {
        id = explanation.id.rawValue
        let isKnown = !explanation.kind.isEmpty
        kind = isKnown ? explanation.kind : nil
        queue = isKnown ? explanation.queue : nil
        tenant = explanation.tenant.isEmpty ? nil : explanation.tenant
        position = explanation.position
        laneLength = explanation.laneLength
        causes = explanation.causes.map(CauseView.init)
        uniqueKeys = explanation.uniqueKeys
        expiresAt = explanation.expiresAt.map(Moment.text)
        text = printable(explanation.sentence(moment: Moment.textWithAge))
    }
}

extension ExplanationView.CauseView {
    init(_ cause: Explanation.Cause) {
        switch cause {
        case .turn(let ahead): self.init(cause: "turn", tenantsAhead: ahead)
        case .rate(let name, let terms, let until):
            self.init(cause: "rate", limit: name.rawValue, terms: LimitTermsView(terms), until: Moment.text(until))
        case .concurrency(let name, let terms, let running, let holders):
            self.init(
                cause: "concurrency", limit: name.rawValue, terms: LimitTermsView(terms), running: running,
                holders: holders.map(\.rawValue))
        case .delayed(let until, let trouble):
            self.init(cause: "delayed", until: Moment.text(until), error: trouble?.message)
        case .queuePaused(let by, let at): self.init(cause: "queue_paused", since: Moment.text(at), by: by)
        case .kindPaused(let by, let at): self.init(cause: "kind_paused", since: Moment.text(at), by: by)
        case .noWorker(let missing): self.init(cause: "no_worker", missing: snakeCase(missing.rawValue))
        case .running(let worker): self.init(cause: "running", worker: worker)
        case .lost(let worker): self.init(cause: "lost", worker: worker)
        case .dead(let since, let trouble):
            self.init(cause: "dead", since: Moment.text(since), error: trouble?.message)
        case .batch(let batch, let members):
            self.init(cause: "batch", batch: batch.rawValue, membersLeft: members)
        case .ended(let state): self.init(cause: "ended", state: state.rawValue)
        case .unknown: self.init(cause: "unknown")
        }
    }
}
