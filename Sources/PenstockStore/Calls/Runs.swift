import PenstockModel
import RedisClient

package enum StartAnswer: Sendable, Hashable {
    case started(RunSummary)
    /// Another live run of the workflow has the foreign id.
    case live(RunID)
    /// The shape is not stored: keep it, and start again.
    case unknownShape
}

package enum ControlAnswer: Sendable, Hashable {
    case applied(RunSummary)
    /// The run is no longer as the plan was made for: plan again.
    case conflict(RunSummary)
    /// The run would be live again, and another live run has its foreign id.
    case taken(by: RunID)
    case unknown
}

package enum SignalAnswer: String, Sendable {
    /// A step that waited for it has taken it.
    case taken
    /// No step waits for it yet.
    case buffered
    /// The run has ended.
    case ended
    /// The run has buffered as many as it may.
    case full
    case unknown
}

/// One entry of a run's history: a commit that moved something.
package struct RunEvent: Sendable, Hashable {
    package enum Move: Sendable, Hashable {
        case run(RunState)
        case step(String, StepState, branch: String?)
        case state(String)
    }

    package let id: String
    package let at: Int64
    package let by: String
    package let moves: [Move]
    package let error: String?
    /// The attempt that it ends, where there were several.
    package let attempt: Int?
    package let took: Duration?
}

extension Store {
    package func makeRunID() -> RunID {
        guard let id = RunID(makeID()) else { preconditionFailure("ids of tasks fit into those of runs") }
        return id
    }

    /// Stores a run and starts it, in one round trip. A lost reply is made good by sending it again.
    ///
    /// - Parameter start: the plan of its start, made for revision 0.
    package func start(_ run: NewRun, _ start: RunCommit, by: String) async throws(StoreError) -> StartAnswer {
        var arguments = RedisArguments([makeToken()])
        arguments.append(contentsOf: try run.words(limits))
        arguments.append(by)
        arguments.append(try run.once.words)
        arguments.append(contentsOf: start.words)
        do throws(StoreError) {
            let (answer, text) = try await answered(Scripts.startRun, arguments)
            if answer == "live", let id = RunID(text) { return .live(id) }
            guard answer == "started", let summary = RunSummary(field: text) else {
                throw StoreError.unexpectedReply("start_run")
            }
            return .started(summary)
        } catch {
            if case .redis(.server(let refusal)) = error, refusal.message.hasPrefix("NOSHAPE ") { return .unknownShape }
            throw error
        }
    }

    /// Does to a run what a client asks for: a plan, without a lease. One round trip; a lost reply is made good by sending it
    /// again.
    package func control(_ commit: RunCommit, by: String) async throws(StoreError) -> ControlAnswer {
        guard commit.ending == .done else { throw .invalid("only a task can be parked") }
        var arguments = RedisArguments([makeToken(), commit.run.rawValue, String(commit.revision), by])
        arguments.append(contentsOf: commit.words)
        let (answer, text) = try await answered(Scripts.control, arguments)
        switch answer {
        case "unknown": return .unknown
        case "taken":
            if let id = RunID(text) { return .taken(by: id) }
        case "applied":
            if let summary = RunSummary(field: text) { return .applied(summary) }
        case "conflict":
            if let summary = RunSummary(field: text) { return .conflict(summary) }
        default: break
        }
        throw .unexpectedReply("control")
    }

    /// Signals that a run buffers.
    package static let bufferedSignals = 1000

    /// Gives a run a signal from outside: to the step that waits for it, or to the next that will. One round trip; a lost reply
    /// is made good by sending it again.
    package func signal(
        _ run: RunID, _ name: String, _ payload: [UInt8], by: String, once: Once = Once()
    ) async throws(StoreError) -> SignalAnswer {
        do { try Name.kind.check(name) } catch { throw .invalid("\(error)") }
        guard payload.count <= limits.payloadBytes else {
            throw .invalid("the signal has \(payload.count) bytes; at most \(limits.payloadBytes) are allowed")
        }
        var arguments = RedisArguments([makeToken(), run.rawValue, name])
        arguments.append(payload)
        arguments.append(by)
        arguments.append(Self.bufferedSignals)
        arguments.append(try once.words)
        guard let answer = SignalAnswer(rawValue: try await answered(Scripts.signal, arguments).answer) else {
            throw .unexpectedReply("signal")
        }
        return answer
    }

    /// Results of a fan-out's items, in order; nil for those that have none.
    package func results(
        _ run: RunID, _ step: String, items: Range<Int>
    ) async throws(StoreError) -> [Result<[UInt8], ItemError>?] {
        if items.isEmpty { return [] }
        var arguments = RedisArguments([keys.items(run, step)])
        for item in items { arguments.append(item) }
        let replies = try await send(RedisCommand("HMGET", arguments)).array ?? []
        return replies.map { reply in
            guard let bytes = reply.bytes, let space = bytes.firstIndex(of: UInt8(ascii: " ")) else { return nil }
            let content = Array(bytes[(space + 1)...])
            if bytes[0] == UInt8(ascii: "+") { return .success(content) }
            return .failure(ItemError(message: String(decoding: content, as: UTF8.self)))
        }
    }

    /// What happened to a run, the oldest first.
    ///
    /// - Parameter after: only what came after the entry of this id.
    package func history(_ run: RunID, after: String? = nil) async throws(StoreError) -> [RunEvent] {
        let replies = try await pipeline([
            RedisCommand("XRANGE", keys.history(run), after.map { "(" + $0 } ?? "-", "+"),
            RedisCommand("HGETALL", keys.errors(run)),
        ])
        var errors: [String: String] = [:]
        let pairs = replies[1].array ?? []
        for i in stride(from: 0, to: pairs.count - 1, by: 2) {
            guard let id = pairs[i].text, let bytes = pairs[i + 1].bytes else { continue }
            errors[id] = String(decoding: bytes, as: UTF8.self)
        }
        return (replies[0].array ?? []).compactMap { entry in
            guard let parts = entry.array, parts.count == 2, let id = parts[0].text, let fields = parts[1].array,
                let at = id.split(separator: "-").first.flatMap({ Int64($0) })
            else { return nil }
            var values: [String: String] = [:]
            for i in stride(from: 0, to: fields.count - 1, by: 2) {
                guard let name = fields[i].text, let bytes = fields[i + 1].bytes else { continue }
                values[name] = String(decoding: bytes, as: UTF8.self)
            }
            let moves = (values["moves"] ?? "").split(separator: "\n").compactMap { RunEvent.Move(text: $0) }
            return RunEvent(
                id: id, at: at, by: values["by"] ?? "", moves: moves, error: errors[id],
                attempt: values["attempt"].flatMap { Int($0) },
                took: values["took"].flatMap { Int64($0) }.map { .milliseconds($0) })
        }
    }

    func makeToken() -> String { makeID().rawValue + String(UInt64.random(in: .min ... .max), radix: 36) }

    /// A call that may be sent again while its outcome is unknown, and is.
    func answered(
        _ script: RedisScript, _ arguments: RedisArguments
    ) async throws(StoreError) -> (answer: String, text: String) {
        var window = ResendWindow()
        while true {
            do throws(RedisError) {
                let reply = try await evaluate(script, arguments)
                guard let items = reply.array, items.count == 3, let now = items[0].text.flatMap({ Int64($0) }),
                    let answer = items[1].text, let text = items[2].text
                else { throw .invalidReply(script.name) }
                learn(now: now)
                return (answer, text)
            } catch {
                if case .invalidReply = error { throw .unexpectedReply(script.name) }
                guard error.isPassing || error.isOutcomeUnknown else { throw StoreError(error) }
                guard await window.mayResend() else { throw StoreError(error) }
            }
        }
    }
}

/// Why an item of a fan-out failed.
package struct ItemError: Error, Sendable, Hashable {
    package var message: String

    package init(message: String) { self.message = message }
}

extension RunEvent.Move {
    init?(text: Substring) {
        let rest = text.dropFirst()
        switch text.first {
        case "r":
            guard let state = RunState(letter: rest) else { return nil }
            self = .run(state)
        case "s":
            guard let state = StepState(letter: rest.prefix(1)) else { return nil }
            let words = rest.dropFirst().split(separator: "\t", maxSplits: 1)
            guard let step = words.first else { return nil }
            self = .step(String(step), state, branch: words.count == 2 ? String(words[1]) : nil)
        case "m": self = .state(String(rest))
        default: return nil
        }
    }
}
