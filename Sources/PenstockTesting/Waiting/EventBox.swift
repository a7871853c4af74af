/// Events that code under test posts and a test waits for, each delivered to one waiter.
///
///     let box = EventBox<String>("job events")
///     worker.handle(Work.self) { job, _ in box.post("started \(job.id)") }
///     try await box.next("the start of job 7") { $0 == "started 7" }
public final class EventBox<Event: Sendable>: Sendable {
    private let name: String
    private let events: Watched<[Event]>

    public init(_ name: String) {
        self.name = name
        events = Watched([])
    }

    public func post(_ event: Event) {
        events.change { $0.append(event) }
    }

    /// What was posted and nobody has taken.
    public var pending: [Event] { events.value }

    /// Takes the oldest event that matches, and waits for one if need be. Others stay where they are.
    @discardableResult
    public func next(
        _ what: String = "the next event", within limit: Duration = .seconds(10),
        where matches: @escaping @Sendable (Event) -> Bool = { _ in true }
    ) async throws -> Event {
        try await events.wait(for: "\(what) in \(name)", within: limit) { events in
            events.firstIndex(where: matches).map { events.remove(at: $0) }
        }
    }

    /// Takes the next `count` events, in the order of their posting.
    public func next(_ count: Int, within limit: Duration = .seconds(10)) async throws -> [Event] {
        try await events.wait(for: "\(count) events in \(name)", within: limit) { events in
            guard events.count >= count else { return nil }
            defer { events.removeFirst(count) }
            return Array(events.prefix(count))
        }
    }
}
