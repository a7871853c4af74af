import PenstockStore
import Testing

@testable import Penstock

/// Findings in words.
@Suite struct FindingTests {
    @Test(arguments: FaultName.allCases) func `a fault is one sentence with the thing and the way out`(name: FaultName)
    {
        let isTask = name.rawValue.hasPrefix("task.")
        let fault = AuditFault(
            name: name, aspect: isTask ? "task" : String(name.rawValue.prefix { $0 != "." }), part: "part-1\tlane",
            item: "item-1\tlane", detail: "detail-1")
        let finding = Finding(fault)
        #expect(finding.code == name.rawValue && finding.repair == .none)
        #expect(["part-1", "item-1", "detail-1"].contains { finding.text.contains($0) }, "\(finding.text)")
        #expect(finding.text.contains("--repair") == name.isMendable, "\(finding.text)")
        #expect(finding.text.contains(": ") && !finding.text.hasSuffix(".") && !finding.subject.isEmpty)
    }

    @Test func `what a server is asked is told in findings`() {
        let good = ServerReport(version: "7.2.4", durability: .always, evictionPolicy: "noeviction")
        func codes(_ change: (inout ServerExam) -> Void) -> [String] {
            var exam = ServerExam(report: good)
            (exam.now, exam.lastSeen) = (5_000_000, 5_000_000)
            change(&exam)
            return Finding.findings(exam).map { "\($0.severity.rawValue) \($0.code)" }
        }
        #expect(codes { _ in } == [])
        #expect(codes { $0.report.durability = .none } == ["warning server.durability"])
        #expect(codes { $0.report.durability = .everysec } == ["note server.durability"])
        #expect(codes { $0.report.evictionPolicy = "allkeys-lru" } == ["warning server.eviction"])
        #expect(codes { $0.report.version = "6.2.7" } == ["warning server.version"])
        #expect(codes { ($0.memoryUsed, $0.memoryBound) = (91, 100) } == ["warning server.memory"])
        #expect(codes { ($0.memoryUsed, $0.memoryBound) = (90, 100) } == [])
        #expect(codes { ($0.memoryUsed, $0.memoryBound) = (1 << 40, 0) } == [])
        #expect(codes { $0.isReplica = true } == ["warning server.replica"])
        #expect(codes { $0.failedSave = "aof_last_write_status is err" } == ["warning server.saving"])
        #expect(codes { $0.lastSeen = 5_001_000 } == [])
        #expect(codes { $0.lastSeen = 5_001_001 } == ["warning server.clock"])
        #expect(codes { ($0.lastSeen, $0.clockOffset) = (5_060_000, 60_000) } == ["note server.clock_offset"])
        #expect(codes { ($0.slowCalls, $0.slowest) = (2, 41_000) } == ["note server.slow"])
        #expect(codes { $0.refused = ["slow log"] } == ["note server.refused"])
    }
}
