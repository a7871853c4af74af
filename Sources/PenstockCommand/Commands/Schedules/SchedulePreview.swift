import ArgumentParser
import Penstock

struct SchedulePreview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "What an expression means, and its next ticks. Needs no Redis.",
        discussion: """
            A time that the clocks skip is fired once, right after the gap; one that they repeat is fired once, at its first \
            occurrence. A rhythm (every hour of the day) goes on through both.

            EXAMPLES
              penstock schedule preview "0 9 * * MON-FRI" --zone Europe/Berlin
              penstock schedule preview "30 2 * * *" --zone Europe/Berlin --from 2030-03-30 --count 3
            """)

    @Argument(help: ScheduleText.recurrenceHelp, transform: ScheduleText.recurrence) var expression: Recurrence

    @Option(parsing: .unconditional, help: ScheduleText.zoneHelp, transform: ScheduleText.zone)
    var zone: TimeZoneRules?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("So many ticks, 1 to 1000. Default: 10.", valueName: "number"))
    var count = 10

    @Option(
        parsing: .unconditional, help: ArgumentHelp("After this moment, in ISO 8601. Default: now.", valueName: "time"),
        transform: MomentText.parse)
    var from: Int64?

    @Flag(help: "Print JSON: one object on standard output; errors as an object on standard error.")
    var json = false

    func validate() throws {
        guard (1...1000).contains(count) else { throw ValidationError("--count must be 1 to 1000; it is \(count).") }
    }

    func run() async throws {
        let zone = try zone ?? ScheduleText.zone("UTC")
        let ticks = expression.ticks(after: from ?? Moment.now, count: count, in: zone)
            .map { PreviewedTick($0, of: expression, in: zone) }
        if json {
            Console.write(
                JSONText.line(
                    View(
                        expression: expression.text, words: expression.words, zone: zone.name,
                        zoneData: TimeZoneRules.dataVersion, ticks: ticks.map(View.Tick.init))))
            return
        }
        var sheet = Sheet()
        sheet.add("expression", Style.output.bold(expression.text))
        sheet.add("means", expression.words)
        sheet.add("zone", "\(zone.name) (data \(TimeZoneRules.dataVersion))")
        Console.write("\(sheet.render())\n\n\(ticks.isEmpty ? "No tick is left." : Self.table(ticks))")
    }

    private static func table(_ ticks: [PreviewedTick]) -> String {
        var table = Table([.text("day"), .text("local"), .text("utc"), .text("note")])
        for tick in ticks {
            table.add([
                Table.Cell(tick.day), Table.Cell(tick.local), Table.Cell(tick.utc),
                Table.Cell(tick.note ?? "", paint: Style.output.yellow),
            ])
        }
        // The last column is empty on most lines.
        return table.render().split(separator: "\n").map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }

    private struct View: Encodable {
        struct Tick: Encodable {
            let local: String
            let utc: String
            /// `skipped`, `first` or `second`; absent where the clock shows the time once.
            let place: String?
            /// With `skipped`: the local time that there was not.
            let skippedLocal: String?

            init(_ tick: PreviewedTick) {
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

        let expression: String
        let words: String
        let zone: String
        let zoneData: String
        let ticks: [Tick]
    }
}

/// A tick, and what clocks show then.
private struct PreviewedTick {
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
