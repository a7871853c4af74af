import Penstock

/// A tick, and what clocks show then.
struct ScheduledTick {
    let day: String
    /// With the offset: `2030-03-31T03:00:00+02:00`.
    let local: String
    let utc: String
    let place: TickPlace

    init(_ tick: Int64, of recurrence: Recurrence, in zone: TimeZoneRules) {
        let time = zone.localTime(at: tick)
        let offset = zone.span(at: tick.seconds).offset
        day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][time.weekday]
        local = "\(time)".replacing(" ", with: "T") + Self.fraction(tick) + Self.text(offset: offset)
        utc = "\(FixedZone.utc.localTime(at: tick))".replacing(" ", with: "T") + Self.fraction(tick) + "Z"
        place = if case .cron(let expression) = recurrence { expression.place(of: tick, in: zone) } else { .plain }
    }

    var note: String? {
        switch place {
        case .plain: nil
        case .skipped(let meant): "clocks skip \(meant)"
        case .first: "clocks will show this time again"
        case .second: "clocks show this time again"
        }
    }

    /// A table, or that there is none.
    static func table(_ ticks: [ScheduledTick]) -> String {
        if ticks.isEmpty { return "No tick is left." }
        var table = Table([.text("day"), .text("local"), .text("utc"), .text("note")])
        for tick in ticks {
            table.add([
                Table.Cell(tick.day), Table.Cell(tick.local), Table.Cell(tick.utc),
                Table.Cell(tick.note ?? "", paint: Style.output.yellow),
            ])
        }
        return table.renderWithoutTrail()
    }

    struct View: Encodable {
        let local: String
        let utc: String
        /// `skipped`, `first` or `second`; absent where the clock shows the time once.
        let place: String?
        /// With `skipped`: the local time that there was not.
        let skippedLocal: String?

        init(_ tick: ScheduledTick) {
            local = tick.local
            utc = tick.utc
            switch tick.place {
            case .plain: (place, skippedLocal) = (nil, nil)
            case .skipped(let meant): (place, skippedLocal) = ("skipped", "\(meant)".replacing(" ", with: "T"))
            case .first: (place, skippedLocal) = ("first", nil)
            case .second: (place, skippedLocal) = ("second", nil)
            }
        }
    }

    private static func fraction(_ tick: Int64) -> String {
        let rest = tick - tick.seconds * 1000
        return rest == 0 ? "" : "." + String("00\(rest)".suffix(3))
    }

    private static func text(offset: Int64) -> String {
        func two(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let size = offset.magnitude
        return (offset < 0 ? "-" : "+") + "\(two(size / 3600)):\(two(size / 60 % 60))"
            + (size % 60 == 0 ? "" : ":\(two(size % 60))")
    }
}

extension Int64 {
    /// Whole seconds of these milliseconds, rounded down.
    fileprivate var seconds: Int64 { self >= 0 ? self / 1000 : (self - 999) / 1000 }
}
