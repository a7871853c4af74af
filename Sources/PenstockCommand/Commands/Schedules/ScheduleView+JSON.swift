import Penstock

extension ScheduleView {
    func json(limit: Int? = 2 << 10, history: [PastTick.View]? = nil) -> JSON { JSON(self, limit, history) }

    struct JSON: Encodable {
        let name: String
        let expression: String
        let words: String
        let zone: String
        let start: String?
        let end: String?
        let maximumCount: Int?
        let jitterMs: Int64
        /// As --overlap and --misfire take them.
        let overlap: String
        let misfire: String
        let misfireGraceMs: Int64
        let note: String?
        let starts: ScheduleTarget.View
        /// `active`, `paused`, `waiting` or `over`.
        let state: String
        let pausedBy: String?
        let pausedAt: String?
        let next: [ScheduledTick.View]
        /// The tick that waits for the end of what goes on.
        let waiting: String?
        let fired: Int
        let live: Int
        let createdAt: String
        let declaredAt: String?
        let backfill: Bool
        /// The last ticks, the latest first.
        let history: [PastTick.View]?

        init(_ view: ScheduleView, _ limit: Int?, _ history: [PastTick.View]?) {
            let (status, options) = (view.status, view.status.options)
            name = status.name
            expression = status.recurrence
            words = status.words
            zone = options.zone
            start = options.start.map { Moment.text($0.milliseconds) }
            end = options.end.map { Moment.text($0.milliseconds) }
            maximumCount = options.maximumCount
            jitterMs = options.jitter.milliseconds
            overlap = "\(options.overlap)"
            misfire = "\(options.misfire)"
            misfireGraceMs = options.misfireGrace.milliseconds
            note = options.note
            starts = ScheduleTarget.View(status.target, limit: limit)
            state = status.state.word
            if case .paused(let by, let at) = status.state {
                (pausedBy, pausedAt) = (by, Moment.text(at.milliseconds))
            } else {
                (pausedBy, pausedAt) = (nil, nil)
            }
            next = view.next.map(ScheduledTick.View.init)
            waiting = status.waiting.map { Moment.text($0.milliseconds) }
            fired = status.fired
            live = status.live
            createdAt = Moment.text(status.created.milliseconds)
            declaredAt = status.declared.map { Moment.text($0.milliseconds) }
            backfill = status.isBackfill
            self.history = history
        }
    }
}
