import Foundation
import Penstock
@_spi(Benchmarks) import PenstockTesting

/// Parts that do no IO: JSON of a payload, with Foundation's decoder beside it, ticks of cron expressions, replies of Redis
/// as they become values, plans of workflow runs.
struct PureParts: Scenario {
    let name = "pure"
    let summary = "Micro-benchmarks: JSON of payloads, ticks of cron expressions, replies of Redis, plans of runs."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let count = plan.scaled(100_000)
        let codec = JSONCodec()
        let noop = Noop(id: 1_000_000)
        let payload = try codec.encode(noop)
        let foundation = JSONDecoder()
        let berlin = try TimeZoneRules("Europe/Berlin")
        let monthly = try Recurrence("30 2 L * *")
        let often = try Recurrence("*/5 * * * * *")
        let outer = [
            try time("encode_noop", count) { _ in try codec.encode(noop).count },
            try time("decode_noop", count) { _ in try codec.decode(Noop.self, from: payload).id },
            try time("decode_noop_by_foundation", count) { _ in
                try foundation.decode(Noop.self, from: Data(payload)).id
            },
            try time("cron_parse", count / 10) { _ in try Recurrence("0 9-17/2 * * MON-FRI").text.utf8.count },
            try time("cron_next_every_5_s", count) { number in
                Int(often.next(after: Self.moment(number), in: berlin) ?? 0)
            },
            try time("cron_next_last_of_month", count / 10) { number in
                Int(monthly.next(after: Self.moment(number), in: berlin) ?? 0)
            },
        ]
        return outer + (try InnerPart.all.map { try time($0, count / 10) })
    }

    /// Time for one of so many.
    private func time(_ part: InnerPart, _ count: Int) throws -> Figure {
        let count = max(1, count)
        let start = ContinuousClock.now
        let out = try part.run(count)
        let took = microseconds(.now - start)
        guard out == count else { throw BenchmarkError("\(part.name) came out \(out) times of \(count)") }
        return Figure(part.name, took / Double(count), "us", .lower)
    }

    /// Moments over some years, in no order: nothing is known from the call before.
    private static func moment(_ number: Int) -> Int64 {
        1_700_000_000_000 + Int64(number) * 7_919_000_003 % 200_000_000_000
    }

    /// Time for one of so many. What `body` returns is used, so that its work cannot be left out; 0 means that it failed.
    private func time(_ name: String, _ count: Int, _ body: (Int) throws -> Int) throws -> Figure {
        let count = max(1, count)
        var failed = 0
        let start = ContinuousClock.now
        for number in 0..<count where try body(number) == 0 { failed += 1 }
        let took = microseconds(.now - start)
        guard failed == 0 else { throw BenchmarkError("\(name) came out as nothing \(failed) times") }
        return Figure(name, took / Double(count), "us", .lower)
    }
}
