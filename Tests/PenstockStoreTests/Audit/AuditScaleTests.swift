import Foundation
import PenstockModel
import RedisClient
import Testing

@testable import PenstockStore

/// A large namespace is read in time, in short calls. The long form has a million jobs: PENSTOCK_LONG_TESTS=1.
@Suite(.timeLimit(.minutes(10)), .serialized) struct AuditScaleTests {
    private static var isLong: Bool { ProcessInfo.processInfo.environment["PENSTOCK_LONG_TESTS"] == "1" }

    @Test func `many jobs are checked within a minute, in calls of less than 20 ms`() async throws {
        try await withStore(audits: false) { store in
            let total = Self.isLong ? 1_000_000 : 20_000
            for tenant in 0..<10 { try await store.fill(total / 20, tenant: "t\(tenant)") }
            try await store.fill(total / 4, "other")
            try await store.fill(total / 4, start: .after(.seconds(3600)))
            let lost = try await store.fill(1, queue: "lost")[0]
            try await store.raw("DEL", store.keys.prefix + "lane:lost\t")
            try await store.raw("DEL", store.keys.prefix + "turn:lost")
            try await store.raw("CONFIG", "SET", "slowlog-log-slower-than", "20000")
            try await store.raw("SLOWLOG", "RESET")
            try await store.raw("CONFIG", "RESETSTAT")
            let start = ContinuousClock.now
            var settings = AuditSettings()
            settings.patience = .zero
            var audit = NamespaceAudit(store, settings)
            try await audit.run()
            let took = ContinuousClock.now - start
            #expect(audit.faults.map(\.name) == [.taskLost] && audit.faults.first?.part == lost.rawValue)
            #expect(audit.tally.tasks == total + 1 && audit.tally.passes == 1)
            #expect(took < .seconds(60))
            let slow = try await store.raw("SLOWLOG", "GET", "10")
            #expect(slow.array?.isEmpty == true, "\(slow)")
            let busy = try await store.raw("INFO", "commandstats").text ?? ""
            print("doctor: \(total) jobs in \(took);", Self.cost(busy), "ms of Redis")
        }
    }

    @Test func `a namespace that is too large for one pass is read in several`() async throws {
        try await withStore(audits: false) { store in
            try await store.fill(1000)
            try await store.fill(500, start: .after(.seconds(60)))
            let gone = try await store.fill(3, queue: "lost")
            try await store.raw("DEL", store.keys.prefix + "lane:lost\t")
            try await store.raw("DEL", store.keys.prefix + "turn:lost")
            var settings = AuditSettings()
            settings.patience = .zero
            settings.tasksPerPass = 400
            settings.mends = true
            var audit = NamespaceAudit(store, settings)
            try await audit.run()
            #expect(audit.tally.passes == 4 && audit.tally.tasks == 1503)
            #expect(Set(audit.faults.map(\.part)) == Set(gone.map(\.rawValue)))
            let after = try await store.audited()
            #expect(after == [])
        }
    }

    @Test func `in a lane that is too long to be searched at once, what is lost or doubled is found`() async throws {
        try await withStore(audits: false) { store in
            let ids = try await store.fill(300)
            let list = store.keys.prefix + "lane:q\t"
            try await store.raw("LREM", list, "1", ids[150].rawValue)
            try await store.raw("LINSERT", list, "BEFORE", ids[100].rawValue, ids[200].rawValue)
            try await store.raw("ZADD", store.keys.delayed("q"), String(store.serverNow + 60_000), ids[120].rawValue)
            let shape: (inout AuditSettings) -> Void = {
                $0.depth = 10
                $0.chunk = 40
            }
            let found = try await store.audited(shape)
            let names = Dictionary(found.map { ($0.part, $0.name) }) { first, _ in first }
            #expect(
                names == [
                    ids[150].rawValue: .taskLost, ids[200].rawValue: .taskDoubled, ids[120].rawValue: .taskDoubled,
                ])
            let mended = try await store.audited {
                shape(&$0)
                $0.mends = true
                $0.mendDepth = 10
            }
            // What is deep in a very long lane is left until its turn comes nearer; a lost one is put back.
            let answers = Dictionary(mended.map { ($0.part, $0.answer) }) { first, _ in first }
            #expect(answers == [ids[150].rawValue: .mended, ids[200].rawValue: .left, ids[120].rawValue: .left])
            let after = try await store.audited { $0.mends = true }
            #expect(after.allSatisfy { $0.answer == .mended })
            let last = try await store.audited(shape)
            #expect(last == [])
        }
    }

    /// Milliseconds of all scripts and plain commands of the audit.
    private static func cost(_ stats: String) -> Int {
        stats.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
            guard
                ["evalsha", "eval", "lrange", "hscan", "zscan"].contains(where: { line.hasPrefix("cmdstat_\($0):") }),
                let start = line.firstRange(of: "usec=")
            else { return sum }
            // What scans inside scripts took is in the scripts' time.
            let isInScript = line.hasPrefix("cmdstat_hscan")
            return sum + (isInScript ? 0 : Int(line[start.upperBound...].prefix { $0.isNumber }) ?? 0)
        } / 1000
    }
}
