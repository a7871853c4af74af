import PenstockModel
import PenstockRuntime

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// When and how the ticks of a schedule are fired. Everything has a default.
public struct ScheduleOptions: Sendable, Hashable {
    /// IANA name of the time zone whose clocks a cron expression is about: `Europe/Berlin`. UTC by default.
    public var zone: String
    /// No tick before this moment; an interval ticks at it and from there on. By default intervals tick at whole multiples
    /// since 1970, so that all who compute them agree.
    public var start: Date?
    /// No tick after this moment.
    public var end: Date?
    /// How many ticks are fired in all, those included that could not start anything; as many as come, by default.
    public var maximumCount: Int?
    /// Each tick is fired up to so much later, by an amount of its own that follows from the schedule's name and the tick:
    /// schedules with the same expression do not come all at once. Up to 366 days; none by default.
    public var jitter: Duration
    /// What happens when something that an earlier tick has started goes on. It starts all the same, by default.
    public var overlap: OverlapPolicy
    /// What becomes of ticks that nobody fired within the grace. The latest of them makes up for all, by default.
    public var misfire: MisfirePolicy
    /// How late a tick may be fired as if it were in time, because no worker was there. 60 s by default; up to 366 days.
    public var misfireGrace: Duration
    /// For people.
    public var note: String?

    public init(
        zone: String = "UTC", start: Date? = nil, end: Date? = nil, maximumCount: Int? = nil,
        jitter: Duration = .zero, overlap: OverlapPolicy = .allow, misfire: MisfirePolicy = .one,
        misfireGrace: Duration = .seconds(60), note: String? = nil
    ) {
        self.zone = zone
        self.start = start
        self.end = end
        self.maximumCount = maximumCount
        self.jitter = jitter
        self.overlap = overlap
        self.misfire = misfire
        self.misfireGrace = misfireGrace
        self.note = note
    }
}

/// The tick that has started a job or a run.
public struct Tick: Sendable, Hashable {
    /// Name of the schedule.
    public let schedule: String
    /// The moment that the schedule names, whenever it was fired. With the name, it identifies the tick.
    public let moment: Date

    /// From the headers of a job or run; nil if no schedule has started it.
    init?(_ headers: [String: String]) {
        guard let name = headers[TickFirer.scheduleHeader],
            let milliseconds = headers[TickFirer.tickHeader].flatMap({ Int64($0) })
        else { return nil }
        schedule = name
        moment = Date(milliseconds: milliseconds)
    }
}

extension JobContext {
    /// The tick of a schedule that has started the job; nil if none has.
    public var tick: Tick? { Tick(headers) }
}

extension StepContext {
    /// The tick of a schedule that has started the run; nil if none has.
    public var tick: Tick? { Tick(call.headers) }
}

extension Date {
    package init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }

    package var milliseconds: Int64 { Int64((timeIntervalSince1970 * 1000).rounded()) }
}
