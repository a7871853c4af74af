import ArgumentParser
import Penstock

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// When and how ticks are fired: the options that are the library's `ScheduleOptions`. What is not given stays as it is.
struct ScheduleRuleOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: ScheduleText.zoneHelp, transform: ScheduleText.zone)
    var zone: TimeZoneRules?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "No tick before this moment, in ISO 8601; an interval ticks at it and from there on. none: from now on, the default.",
            valueName: "time"),
        transform: ScheduleText.moment)
    var start: Setting<Int64>?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "No tick after this moment, in ISO 8601. none: it goes on for ever, the default.", valueName: "time"),
        transform: ScheduleText.moment)
    var end: Setting<Int64>?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "So many ticks are fired in all. none: as many as come, the default.", valueName: "number"),
        transform: ScheduleText.count)
    var maximumCount: Setting<Int>?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Each tick is fired up to so much later, so that not all come at once. Default: 0s.", valueName: "duration"),
        transform: DurationText.parse)
    var jitter: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "While what an earlier tick has started goes on: start all the same (allow, the default), pass over (skip), let one tick wait for its end (queue-one), cancel it (cancel-previous), or let all wait until fewer than N go on (wait:N).",
            valueName: "policy"),
        transform: ScheduleText.overlap)
    var overlap: OverlapPolicy?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Of ticks that nobody fired within the grace: pass over (none), let the latest make up for all (one, the default), or fire the latest N, up to 1000 (all:N).",
            valueName: "policy"),
        transform: ScheduleText.misfire)
    var misfire: MisfirePolicy?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How late a tick may be and still be in time. Default: 1m.", valueName: "duration"),
        transform: DurationText.parse)
    var misfireGrace: Duration?

    @Option(parsing: .unconditional, help: ArgumentHelp("For people. Default: none.", valueName: "text"))
    var note: String?

    func validate() throws {
        if let start = start?.value, let end = end?.value, end < start {
            throw ValidationError("--end comes before --start: exchange them, or leave one out.")
        }
    }

    var isEmpty: Bool {
        zone == nil && start == nil && end == nil && maximumCount == nil && jitter == nil && overlap == nil
            && misfire == nil && misfireGrace == nil && note == nil
    }

    func apply(to options: inout ScheduleOptions) {
        options.zone = zone?.name ?? options.zone
        if let start { options.start = start.value.map { Date(milliseconds: $0) } }
        if let end { options.end = end.value.map { Date(milliseconds: $0) } }
        if let maximumCount { options.maximumCount = maximumCount.value }
        options.jitter = jitter ?? options.jitter
        options.overlap = overlap ?? options.overlap
        options.misfire = misfire ?? options.misfire
        options.misfireGrace = misfireGrace ?? options.misfireGrace
        if let note { options.note = note.isEmpty ? nil : note }
    }
}
