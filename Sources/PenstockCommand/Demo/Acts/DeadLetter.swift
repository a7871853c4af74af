import EmbeddedRedis
import Glibc
import Penstock

/// The poison job's way: it fails until it is a dead letter, the cause is put right, and it is retried by hand.
struct DeadLetter {
    private enum State {
        /// Fails; exits to `dead`.
        case failing
        /// Lies in the dead letters; exits to `retried`.
        case dead(since: ContinuousClock.Instant)
        /// Was given a new start; exits to `over`.
        case retried
        case over
    }

    private let stage: Stage
    private let id: TaskID
    private let missing: FileName
    private var state = State.failing

    init(stage: Stage, id: TaskID, missing: FileName) {
        self.stage = stage
        self.id = id
        self.missing = missing
    }

    var isOver: Bool {
        if case .over = state { true } else { false }
    }

    mutating func look() async throws {
        let status = try await stage.penstock.status(id)
        switch state {
        case .failing:
            let tries = HumanText.plural(status.failedAttempts, "attempt")
            stage.screen.show(.deadLetter, .running, "\(tries) failed: its file is missing")
            guard status.state == .dead else { return }
            let letters = try await stage.penstock.deadLetters(queue: status.queue)
            stage.screen.show(
                .deadLetter, .running,
                "\(HumanText.plural(letters.count, "dead letter")): \(letters.first?.history.last?.message ?? "")",
                isMilestone: true)
            state = .dead(since: .now)
        case .dead(let since) where ContinuousClock.now - since >= TroubleAct.mourning:
            try repair()
            try await stage.penstock.retry([id])
            stage.screen.show(
                .deadLetter, .running, "the file was put in place, the job is retried by hand", isMilestone: true)
            state = .retried
        case .retried where status.state.isTerminal || status.state == .dead:
            let isGood = status.state == .completed
            stage.screen.show(
                .deadLetter, isGood ? .done : .failed,
                isGood
                    ? "a job was dead after 3 attempts, its cause put right; retried by hand, it succeeded"
                    : "the job is \(status.state) after the retry by hand")
            state = .over
        case .dead, .retried, .over: break
        }
    }

    private func repair() throws(SystemError) {
        let descriptor = missing.withCString { open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { throw SystemError("create \(missing)") }
        let file = try OwnedDescriptor(takingOver: descriptor)
        let text = Array("Here it is.\n".utf8)
        guard write(file.number, text, text.count) == text.count else { throw SystemError("write \(missing)") }
    }
}
