/// What a schedule is: when it ticks, how its ticks are fired, and what they start. Stored as JSON; the payload of what is
/// started is kept beside it.
package struct ScheduleSpec: Sendable, Hashable {
    package var recurrence: Recurrence
    /// IANA name of the zone whose clocks the recurrence is about.
    package var zone: String
    /// No tick before, ms since 1970; an interval ticks at this moment and from there on.
    package var start: Int64?
    /// A moment that an interval ticks at, where that is not the start.
    package var anchor: Int64?
    /// No tick after.
    package var end: Int64?
    package var maximumCount: Int?
    package var jitter: Duration
    package var overlap: OverlapPolicy
    package var misfire: MisfirePolicy
    package var grace: Duration
    /// For people.
    package var note: String?
    package var target: Target
    /// It forgets itself when all its ticks were fired, as a backfill does.
    package var isTemporary: Bool

    package enum Target: Sendable, Hashable {
        case job(JobTarget)
        case workflow(WorkflowTarget)
    }

    package struct JobTarget: Sendable, Hashable {
        /// Of the job's record: kind, queue, tenant, priority and options, as it is stored.
        package var head: String
        /// From each enqueue until no attempt starts or goes on.
        package var deadline: Duration?
        package var expiry: Duration?

        package init(head: String, deadline: Duration? = nil, expiry: Duration? = nil) {
            self.head = head
            self.deadline = deadline
            self.expiry = expiry
        }
    }

    package struct WorkflowTarget: Sendable, Hashable {
        package var name: String
        /// Nil: the greatest that is known when a tick is fired.
        package var version: Int?
        package var queue: String
        package var tenant: String
        package var priority: Priority
        package var tags: [String]
        package var callback: [UInt8]?

        package init(
            name: String, version: Int?, queue: String, tenant: String, priority: Priority, tags: [String],
            callback: [UInt8]?
        ) {
            self.name = name
            self.version = version
            self.queue = queue
            self.tenant = tenant
            self.priority = priority
            self.tags = tags
            self.callback = callback
        }
    }

    package init(
        recurrence: Recurrence, zone: String = "UTC", start: Int64? = nil, end: Int64? = nil, maximumCount: Int? = nil,
        jitter: Duration = .zero, overlap: OverlapPolicy = .allow, misfire: MisfirePolicy = .one,
        grace: Duration = .seconds(60), note: String? = nil, target: Target, isTemporary: Bool = false
    ) {
        self.recurrence = recurrence
        self.zone = zone
        self.start = start
        self.end = end
        self.maximumCount = maximumCount
        self.jitter = jitter
        self.overlap = overlap
        self.misfire = misfire
        self.grace = grace
        self.note = note
        self.target = target
        self.isTemporary = isTemporary
    }

    /// How ticks of the schedule of this name are fired.
    package func rules(of name: String) -> TickRules {
        TickRules(
            overlap: overlap, misfire: misfire, grace: grace.milliseconds, jitter: jitter.milliseconds,
            seed: TickRules.seed(of: name), maximumCount: maximumCount)
    }

    /// Refuses what cannot hold together, with the field and the way out.
    package func check() throws(InvalidSchedule) {
        func bounded(_ duration: Duration, _ field: String) throws(InvalidSchedule) {
            guard (.zero ... .seconds(366 * 86_400)).contains(duration) else {
                throw InvalidSchedule("\(field) must be zero to 366 days; it is \(duration)")
            }
        }
        try bounded(jitter, "jitter")
        try bounded(grace, "misfire grace")
        if let maximumCount, maximumCount < 1 {
            throw InvalidSchedule("the maximum count must be at least 1; it is \(maximumCount)")
        }
        if let start, let end, end < start {
            throw InvalidSchedule("the end comes before the start: exchange them, or leave one out")
        }
        if case .wait(let most) = overlap, !(1...1_000_000).contains(most) {
            throw InvalidSchedule("overlap wait takes 1 to 1000000; it is \(most)")
        }
        if case .all(let most) = misfire, !(1...1000).contains(most) {
            throw InvalidSchedule("misfire all takes 1 to 1000; it is \(most): for more there is backfill")
        }
        if let note, note.utf8.count > 1000 { throw InvalidSchedule("the note has more than 1000 bytes") }
    }
}

/// A schedule that cannot be.
package struct InvalidSchedule: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// The ticks of a recurrence in a zone, between a start and an end.
package struct ScheduleTicks<Zone: ZoneRules>: Ticks {
    let recurrence: Recurrence
    let zone: Zone
    let start: Int64?
    let end: Int64?
    let anchor: Int64

    package init(_ spec: ScheduleSpec, zone: Zone) {
        recurrence = spec.recurrence
        start = spec.start
        anchor = spec.anchor ?? spec.start ?? 0
        end = spec.end
        self.zone = zone
    }

    package func next(after moment: Int64) -> Int64? {
        let after = start.map { max(moment, $0 - 1) } ?? moment
        let tick = recurrence.next(after: after, in: zone, anchor: anchor)
        return tick.flatMap { tick in end.map { tick <= $0 } == false ? nil : tick }
    }

    package func latest(notAfter end: Int64, after start: Int64) -> Int64? {
        recurrence.latest(
            notAfter: min(end, self.end ?? .max), after: max(start, self.start.map { $0 - 1 } ?? .min), in: zone,
            anchor: anchor)
    }
}
