import Logging
import PenstockModel

/// Lets effects of events happen, in order, in few round trips: neighbouring jobs share a call.
struct EffectApplier: Sendable {
    enum Outcome: Sendable {
        case done
        /// It is the event's own fault, or looks like it.
        case failed(any Error)
        /// An earlier event of its key has failed.
        case skipped
    }

    let penstock: Penstock
    /// What the keys of all effects start with.
    let scope: String
    let keyLifetime: Duration
    /// Nil where something else says that the events are ours.
    let role: Role?
    let logger: Logger

    /// An outcome for each event. Waits while Redis cannot take anything.
    ///
    /// - Throws: what says that nothing is to be done here any more: the role is lost, the client closed, the task cancelled.
    func apply(_ events: [(event: ConnectorEvent, effects: [ConnectorEffect])]) async throws -> [Outcome] {
        var outcomes = [Outcome](repeating: .done, count: events.count)
        var failedKeys: Set<String> = []
        var jobs: [(place: Int, job: JobRequest)] = []
        func fail(_ place: Int, _ error: any Error) {
            outcomes[place] = .failed(error)
            failedKeys.insert(events[place].event.orderKey)
        }
        func flush() async throws {
            defer { jobs = [] }
            for (place, error) in try await enqueue(jobs, in: events.map(\.event.orderKey)) {
                if let error { fail(place, error) } else { outcomes[place] = .skipped }
            }
        }
        for (place, (event, effects)) in events.enumerated() {
            for (index, effect) in effects.enumerated() {
                if failedKeys.contains(event.orderKey) { break }
                let terms = EffectTerms(key: "\(scope)/\(event.id)/\(index)", keyLifetime: keyLifetime, role: role)
                switch effect.make(penstock) {
                case .enqueue(var job):
                    job.options = job.options.with(terms)
                    jobs.append((place, job))
                    if jobs.count == 1000 { try await flush() }
                case .perform(let body):
                    try await flush()
                    if failedKeys.contains(event.orderKey) { break }
                    if let error = try await attempt({ () throws(PenstockError) in try await body(penstock, terms) }) {
                        fail(place, error)
                    }
                case .broken(let error):
                    try await flush()
                    fail(place, error)
                }
            }
            if case .done = outcomes[place], failedKeys.contains(event.orderKey) { outcomes[place] = .skipped }
        }
        try await flush()
        return outcomes
    }

    /// Those that failed, with the error; nil for those that were skipped behind one.
    private func enqueue(
        _ jobs: [(place: Int, job: JobRequest)], in keys: [String]
    ) async throws -> [(place: Int, error: PenstockError?)] {
        if jobs.isEmpty { return [] }
        let together = jobs.map(\.job)
        guard
            try await attempt({ () throws(PenstockError) in _ = try await penstock.enqueue(raw: together) }) != nil
        else { return [] }
        // One of them is wrong: each event by itself, so that it has to answer for its own only.
        var failures: [(Int, PenstockError?)] = []
        var failedKeys: Set<String> = []
        for place in Set(jobs.map(\.place)).sorted() {
            guard !failedKeys.contains(keys[place]) else {
                failures.append((place, nil))
                continue
            }
            let own = jobs.filter { $0.place == place }.map(\.job)
            if let error = try await attempt({ () throws(PenstockError) in _ = try await penstock.enqueue(raw: own) }) {
                failures.append((place, error))
                failedKeys.insert(keys[place])
            }
        }
        return failures
    }

    /// Does it until Redis has taken it, or refuses it for what it is: then the error.
    private func attempt(_ body: () async throws(PenstockError) -> Void) async throws -> PenstockError? {
        let backoff = Backoff.exponential(from: .milliseconds(50), cap: .seconds(2), jitter: 0.5)
        var failures = 0
        while true {
            do throws(PenstockError) {
                try await body()
                return nil
            } catch {
                switch error.code {
                case .roleLost, .closed: throw error
                case .unavailable, .outcomeUnknown, .outOfMemory, .full, .backPressure, .notReplicated, .server:
                    failures += 1
                    if failures == 5 {
                        logger.warning("effects wait for Redis to take them", metadata: ["error": "\(error)"])
                    }
                    try await Task.sleep(for: backoff.wait(afterAttempt: failures, random: .random(in: 0..<1)))
                default: return error
                }
            }
        }
    }
}
