import Testing

@testable import FaultSuite

/// The judge of the fault suite, with histories written by hand: one that never complains would pass everything.
@Suite("The checker of the fault suite") struct CheckerTests {
    /// A history in lines: `p` for what a producer wrote, and the ordinal of the worker otherwise.
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var lines: [String]
        /// Words of each violation, in order; none for a good history.
        var violations: [String] = []
        var allowance = Allowance()
        var killed: Set<Int> = []
        var sum: @Sendable (Verdict) -> Bool = { _ in true }
    }

    private static let done = [
        "p invoke 10 job a", "p ok 12 job a T1", "1 begin 20 T1 1 0 work", "1 effect 21 a T1 1",
        "1 commit 25 T1 7 completed -",
    ]

    /// The same in a third attempt.
    private static let doneLater = done.map { $0.replacing("begin 20 T1 1", with: "begin 20 T1 3") }

    private static func run(_ kind: String, _ steps: String...) -> [String] {
        ["p invoke 10 \(kind) r", "p ok 12 \(kind) r R1"] + steps.map { "1 effect 20 r/\($0) - 1" }
    }

    static let cases: [Case] = [
        Case(testDescription: "done once", lines: done) { $0.ok == 1 && $0.duplicates == 0 },
        Case(
            testDescription: "nothing succeeds", lines: ["p invoke 10 job a", "p fail 11 job a unavailable"],
            violations: ["no operation has succeeded"]),
        Case(
            testDescription: "lost", lines: done + ["p invoke 30 job b", "p ok 31 job b T2"],
            violations: ["1 lost: b (T2)"]
        ) { $0.lost == 1 },
        Case(
            testDescription: "lost, and it may be", lines: done + ["p invoke 30 job b", "p ok 31 job b T2"],
            allowance: Allowance(forgotten: 30...40)
        ) { $0.lost == 0 && $0.forgiven == 1 },
        Case(
            testDescription: "lost, acknowledged before what may be lost",
            lines: done + ["p invoke 28 job b", "p ok 29 job b T2"],
            violations: ["1 lost"], allowance: Allowance(forgotten: 30...40)),
        Case(
            testDescription: "lost, although a replica has confirmed it",
            lines: done + ["p invoke 30 confirmed b", "p ok 31 confirmed b T2"], violations: ["1 lost: b (T2)"],
            allowance: Allowance(forgotten: 30...40)),
        Case(
            testDescription: "done, and no commit was accepted",
            lines: ["p invoke 10 job a", "p ok 12 job a T1", "1 begin 20 T1 1 0 work", "1 effect 21 a T1 1"],
            violations: ["done without an accepted commit", "attempts without a commit and without a cause"]),
        Case(
            testDescription: "refused, and done all the same",
            lines: done + [
                "p invoke 30 job b", "p fail 31 job b unavailable", "1 begin 40 T2 1 0 work", "1 effect 41 b T2 1",
                "1 commit 42 T2 8 completed -",
            ], violations: ["1 unexpected: job b was refused, and done"]
        ) { $0.unexpected == 1 },
        Case(
            testDescription: "never asked for", lines: done + ["1 effect 50 z T9 1"],
            violations: ["1 unexpected: z was never asked for"]),
        Case(
            testDescription: "unknown, and done",
            lines: done + [
                "p invoke 30 job b", "p unknown 31 job b outcomeUnknown", "1 begin 40 T2 1 0 work",
                "1 effect 41 b T2 1",
                "1 commit 42 T2 8 completed -",
            ]
        ) { $0.unknown == 1 },
        Case(
            testDescription: "unknown, and not done",
            lines: done + ["p invoke 30 job b", "p unknown 31 job b outcomeUnknown"]),
        Case(
            testDescription: "unknown, asked again, known, and lost",
            lines: done + ["p invoke 30 job b", "p unknown 31 job b outcomeUnknown", "p ok 35 job b T2"],
            violations: ["1 lost: b (T2)"]
        ) { $0.recovered == 1 },
        Case(
            testDescription: "cancelled, and done",
            lines: done + ["p invoke 30 idle c", "p ok 31 idle c T3", "1 effect 40 c T3 1"],
            violations: ["1 unexpected: idle c was done"]),
        Case(
            testDescription: "begun again after a kill", lines: ["0 begin 15 T1 1 0 work"] + done, killed: [0]
        ) { $0.duplicates == 1 },
        Case(
            testDescription: "begun again after its lease was lost",
            lines: ["0 begin 15 T1 1 0 work", "0 lost 24 w0"] + done
        ) { $0.duplicates == 1 },
        Case(
            testDescription: "begun again without any cause", lines: ["0 begin 15 T1 1 0 work"] + done,
            violations: ["1 attempts without a commit and without a cause: T1 attempt 1 in process 0"]),
        Case(
            testDescription: "lost the lease before it began, which is no cause",
            lines: ["0 lost 14 w0", "0 begin 15 T1 1 0 work"] + done,
            violations: ["attempts without a commit and without a cause"]),
        Case(
            testDescription: "a lease that should not have expired",
            lines: ["0 begin 15 T1 1 0 work", "0 lost 24 w0"] + done,
            violations: ["leases expired where none should", "workers taken over where none should be"],
            allowance: Allowance(keepsLeases: true)),
        Case(
            testDescription: "a stale lease counted as well",
            lines: ["0 begin 15 T1 1 0 work", "0 effect 16 a T1 1"] + done + ["0 commit 30 T1 3 completed -"],
            violations: ["outcomes accepted twice, so a stale lease counted: T1 ended 2 times"]),
        Case(
            testDescription: "committed again after Redis had forgotten it",
            lines: ["0 begin 15 T1 1 0 work", "0 effect 16 a T1 1", "0 commit 17 T1 3 completed -"] + done,
            allowance: Allowance(forgotten: 16...18)),
        Case(
            testDescription: "inferred of a lost reply, where Redis has forgotten",
            lines: ["0 begin 15 T1 1 0 work", "0 effect 16 a T1 1", "0 commit 19 T1 3 completed - inferred"] + done,
            allowance: Allowance(forgotten: 16...18)),
        Case(
            testDescription: "inferred of a lost reply, where Redis has not",
            lines: ["0 begin 15 T1 1 0 work", "0 effect 16 a T1 1", "0 commit 19 T1 3 completed - inferred"] + done,
            violations: ["T1 ended 2 times"]),
        Case(
            testDescription: "in doubt as the lease was lost, and done",
            lines: [
                "p invoke 10 job a", "p ok 12 job a T1", "1 begin 20 T1 1 0 work", "1 effect 21 a T1 1", "1 lost 30 w1",
                "1 refused 30 T1",
            ]
        ) { $0.duplicates == 1 },
        Case(
            testDescription: "one attempt failed twice",
            lines: [
                "0 begin 14 T1 1 0 work", "0 commit 15 T1 3 retry 1", "0 begin 16 T1 1 0 work",
                "0 commit 17 T1 4 retry 1",
            ] + doneLater,
            violations: ["attempt 1 of T1 failed 2 times"]),
        Case(
            testDescription: "a failure that was inferred, where Redis has forgotten",
            lines: [
                "0 begin 14 T1 1 0 work", "0 commit 19 T1 3 retry 1 inferred", "0 begin 19 T1 1 0 work",
                "0 commit 19 T1 4 retry 1 told",
            ] + doneLater,
            allowance: Allowance(forgotten: 16...18)),
        Case(
            testDescription: "two attempts failed",
            lines: [
                "0 begin 14 T1 1 0 work", "0 commit 15 T1 3 retry 1", "0 begin 16 T1 2 0 work",
                "0 commit 17 T1 4 retry 2",
            ] + doneLater),
        Case(
            testDescription: "retried after its end",
            lines: done + ["0 begin 24 T1 1 0 work", "0 commit 30 T1 4 retry 1"],
            violations: ["outcomes accepted after the end: T1 completed in attempt 1, attempt 1 failed"]),
        Case(testDescription: "a run", lines: run("run", "reserve", "charge", "ship")),
        Case(
            testDescription: "a run that is undone",
            lines: run("failing-run", "reserve", "charge", "refund", "unreserve")),
        Case(
            testDescription: "a run that lacks a step", lines: run("run", "reserve", "charge"),
            violations: ["1 runs lost or incomplete: r (R1) lacks [\"ship\"]"]),
        Case(
            testDescription: "a run that is not undone", lines: run("failing-run", "reserve", "charge", "refund"),
            violations: ["lacks [\"unreserve\"]"]),
        Case(
            testDescription: "a run that ships and is undone",
            lines: run("failing-run", "reserve", "charge", "ship", "refund", "unreserve"),
            violations: ["1 runs did what they should not: r has [\"ship\"]"]),
        Case(
            testDescription: "a tick with two jobs",
            lines: done + ["1 effect 30 s@1000 T5 1", "0 effect 31 s@1000 T6 1"],
            violations: ["1 ticks with several jobs: s@1000"]),
        Case(
            testDescription: "a tick whose job was done twice",
            lines: done + ["1 effect 30 s@1000 T5 1", "0 effect 31 s@1000 T5 1"]),
    ]

    @Test("says what is wrong with a history, and nothing of one that is right", arguments: cases)
    func verdict(of history: Case) {
        var checker = Checker(producers: [], workers: [], killed: history.killed, allowance: history.allowance)
        for line in history.lines {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let record = Record(line: parts[1], process: Int(parts[0]) ?? -1) else {
                Issue.record("\(line) is no record")
                continue
            }
            if parts[0] == "p" { checker.producers.append(record) } else { checker.workers.append(record) }
        }
        let verdict = checker.verdict()
        #expect(verdict.violations.count == history.violations.count, "\(verdict.violations)")
        for (told, expected) in zip(verdict.violations, history.violations) {
            #expect(told.contains(expected), "\(told) lacks \(expected)")
        }
        #expect(history.sum(verdict), "\(verdict)")
    }

    @Test("slots are counted over all workers", arguments: [("slots:0", 3, 4), ("solo:0", 1, 2)])
    func slots(limit: String, most: Int, tooMany: Int) {
        #expect(violations(of: limit, most) == [])
        #expect(violations(of: limit, tooMany) == ["1 limits exceeded: \(limit): \(tooMany) at once"])
    }

    /// What is said of so many jobs at once.
    private func violations(of limit: String, _ count: Int) -> [String] {
        var workers: [Record] = []
        for number in 0..<count {
            let id = "T\(number)"
            workers.append(Record("begin", at: 10, process: number, [id, "1", "0", "work"]))
            workers.append(Record("enter", at: 11, process: number, [id, limit]))
            workers.append(Record("leave", at: 20, process: number, [id, limit]))
            workers.append(Record("commit", at: 21, process: number, [id, "1", "completed", "-"]))
        }
        // One that had lost its lease held no slot, whatever it did.
        workers.append(Record("begin", at: 9, process: 9, ["T9", "1", "0", "work"]))
        workers.append(Record("enter", at: 9, process: 9, ["T9", limit]))
        workers.append(Record("lost", at: 12, process: 9, ["w9"]))
        return Checker(producers: [], workers: workers).verdict().violations
    }

    @Test("sabotages are of the script as it is", arguments: Sabotage.all.map(\.name))
    func sabotage(name: String) throws {
        let sabotage = try #require(Sabotage.all.first { $0.name == name })
        #expect(try sabotage.script() != "")
    }

    @Test("a line that was cut off is none")
    func cutLine() {
        #expect(Record(line: "commit", process: 0) == nil)
        #expect(Record(line: "commit 12x", process: 0) == nil)
        #expect(Record(line: "commit 12 T1", process: 0)?.words == ["T1"])
    }

    @Test("what has grown since the baseline is told, what has gone is not")
    func baseline() {
        let before = Baseline(
            keys: ["lane": 2, "clock": 1], memory: 1 << 20, connections: 9, redisDescriptors: 30,
            descriptors: [0: 12, 1: 12])
        #expect(before.growth(since: before).isEmpty)
        var after = before
        after.keys = ["clock": 1]
        after.descriptors = [1: 12, 7: 12]
        #expect(after.growth(since: before).isEmpty)
        after = Baseline(
            keys: ["held": 1, "lane": 2], memory: 5 << 20, connections: 10, redisDescriptors: 31,
            descriptors: [1: 13, 7: 14])
        #expect(after.growth(since: before).count == 6, "\(after.growth(since: before))")
    }

    @Test("every fault has a name of its own, in the form of names")
    func names() {
        let names = Catalogue.all.map(\.name)
        #expect(Set(names).count == names.count && names.count >= 30)
        for name in names { #expect(name.wholeMatch(of: /[a-z0-9]+(-[a-z0-9]+)*/) != nil, "\(name)") }
    }
}
