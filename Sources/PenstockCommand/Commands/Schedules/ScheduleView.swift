import Penstock

/// A schedule as it is printed.
struct ScheduleView {
    let status: ScheduleStatus
    /// Its next ticks, with what clocks show then.
    let next: [ScheduledTick]

    init(_ status: ScheduleStatus) throws {
        self.status = status
        let (recurrence, zone) = (try Recurrence(status.recurrence), try TimeZoneRules(status.options.zone))
        next = status.next.map { ScheduledTick($0.milliseconds, of: recurrence, in: zone) }
    }

    /// For who has just made or changed it.
    var outline: String {
        var sheet = Sheet()
        addRecurrence(to: &sheet)
        sheet.add("starts", status.target.words)
        addState(to: &sheet)
        return "\(sheet.render())\n\n\(ScheduledTick.table(next))"
    }

    /// - Parameter limit: so many bytes of payload or input.
    func sheet(limit: Int) -> Sheet {
        var sheet = Sheet()
        sheet.add("schedule", Style.output.bold(status.name))
        sheet.add("backfill", status.isBackfill ? "of ticks that have passed; gone when it is done" : nil)
        addRecurrence(to: &sheet)
        addState(to: &sheet)
        sheet.add(
            "waiting", status.waiting.map { "the tick of \(Moment.text($0.milliseconds)), for the end of \(liveWords)" }
        )
        sheet.add("fired", HumanText.plural(status.fired, "tick"))
        sheet.add("going on", status.options.overlap.isCounted ? liveWords : nil)
        sheet.add("starts", status.target.words)
        status.target.add(to: &sheet, limit: limit)
        addRules(to: &sheet)
        sheet.add("note", status.options.note.map(printableLines))
        sheet.add("made", Moment.textWithAge(status.created.milliseconds))
        sheet.add(
            "declared", status.declared.map { "by the code of workers, last \(Moment.textWithAge($0.milliseconds))" })
        return sheet
    }

    private var liveWords: String { HumanText.plural(status.live, status.target.isJob ? "job" : "run") }

    private func addRecurrence(to sheet: inout Sheet) {
        sheet.add("expression", status.recurrence)
        sheet.add("means", status.words)
        sheet.add("zone", status.options.zone)
    }

    private func addState(to sheet: inout Sheet) {
        var words = status.state.word
        switch status.state {
        case .active: break
        case .paused(let by, let at): words += " by \(printable(by)), \(Moment.textWithAge(at.milliseconds))"
        case .waiting: words += ": \(liveWords) that it has started must end first"
        case .over: words += ": no tick will come any more"
        }
        sheet.add("state", status.state.paint()(words))
    }

    private func addRules(to sheet: inout Sheet) {
        let options = status.options
        sheet.add("start", options.start.map { "no tick before \(Moment.textWithAge($0.milliseconds))" })
        sheet.add("end", options.end.map { "no tick after \(Moment.textWithAge($0.milliseconds))" })
        sheet.add("maximum count", options.maximumCount.map { "over after \(HumanText.plural($0, "tick"))" })
        sheet.add(
            "jitter",
            options.jitter == .zero ? nil : "each tick up to \(HumanText.duration(options.jitter)) later")
        sheet.add("overlap", "\(options.overlap): \(options.overlap.words)")
        sheet.add(
            "misfire",
            "\(options.misfire): of ticks more than \(HumanText.duration(options.misfireGrace)) late, "
                + options.misfire.words)
    }
}

extension ScheduleStatus.State {
    var word: String {
        switch self {
        case .active: "active"
        case .paused: "paused"
        case .waiting: "waiting"
        case .over: "over"
        }
    }

    func paint(_ style: Style = .output) -> (String) -> String {
        switch self {
        case .active: style.green
        case .paused, .waiting: style.yellow
        case .over: style.dim
        }
    }
}

extension OverlapPolicy {
    fileprivate var isCounted: Bool { self != .allow }

    fileprivate var words: String {
        switch self {
        case .allow: "each tick starts, whatever goes on"
        case .skip: "while an earlier one goes on, a tick is passed over"
        case .queueOne: "while an earlier one goes on, one tick waits and others are passed over"
        case .cancelPrevious: "while an earlier one goes on, it is cancelled and the tick starts"
        case .wait(let most): "each tick waits until fewer than \(most) go on"
        }
    }
}

extension MisfirePolicy {
    fileprivate var words: String {
        switch self {
        case .none: "none is fired"
        case .one: "the latest makes up for all"
        case .all(let most): "the latest \(most) are fired"
        }
    }
}
