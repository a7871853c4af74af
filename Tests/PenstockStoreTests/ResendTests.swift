import PenstockTesting
import RedisClient
import Testing

@testable import PenstockStore

/// A call whose reply was lost is sent again with its token: it is answered as the first time, and nothing changes.
@Suite(.timeLimit(.minutes(10))) struct ResendTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let script: RedisScript
        let arguments: [String]
        /// What comes before it. `SHAPE` is the digest of one that is stored.
        var before: [(script: RedisScript, arguments: [String])] = []

        init(
            _ name: String, _ script: RedisScript, _ arguments: [String],
            after before: [(script: RedisScript, arguments: [String])] = []
        ) {
            testDescription = name
            self.script = script
            self.arguments = arguments
            self.before = before
        }
    }

    private static let head = "k\tq\t\t"
    private static func enqueue(_ token: String, _ id: String, extras: String = "") -> [String] {
        [token, "1", "q\t", "", extras, "1", id, head + "\n"]
    }

    /// A run that goes on, of which nothing waits.
    private static func start(_ token: String, _ id: String, foreignID: String = "", extras: String = "") -> [String] {
        [token, id, "flow", "SHAPE", "", foreignID, head, "", "", "", "me", extras]
            + ["", "", "", "", "", "0", "3", "run", "p", "r"]
    }

    private static let started = (script: Scripts.startRun, arguments: start("before", "r", foreignID: "f"))

    static let cases = [
        Case("enqueue", Scripts.enqueue, enqueue("token", "a")),
        Case(
            "enqueue of one that another stands for", Scripts.enqueue, enqueue("token", "a", extras: "k=key\tp=60000"),
            after: [(Scripts.enqueue, enqueue("before", "b", extras: "k=key\tp=60000"))]),
        Case("start of a run", Scripts.startRun, start("token", "r")),
        Case(
            "start of a run whose foreign id is taken", Scripts.startRun, start("token", "s", foreignID: "f"),
            after: [started]),
        Case(
            "start of a run with a key that is known", Scripts.startRun, start("token", "s", extras: "k=key\tp=60000"),
            after: [(Scripts.startRun, start("before", "r", extras: "k=key\tp=60000"))]),
        Case("signal", Scripts.signal, ["token", "r", "go", "now", "me", "9", ""], after: [started]),
        Case(
            "signal with a key that is known", Scripts.signal,
            ["token", "r", "go", "now", "me", "9", "k=key\tp=60000"],
            after: [started, (Scripts.signal, ["before", "r", "go", "now", "me", "9", "k=key\tp=60000"])]),
        Case(
            "control", Scripts.control,
            ["token", "r", "1", "me", "", "", "", "", "", "0", "3", "run", "r", "u"], after: [started]),
        Case(
            "ticks", Scripts.fireTicks,
            ["token", "s", "", "", "", "", "0", "60", "0", "0", "job", "q\t", "", "1", "a", head + "\n"]),
        Case("batch", Scripts.openBatch, ["b", "60000", "", "", "done", "t", head + "\n"]),
        Case("seal of a batch", Scripts.sealBatch, ["b"], after: [(Scripts.openBatch, ["b", "60000", "", ""])]),
    ]

    @Test(arguments: cases)
    func `a call that is sent again changes nothing`(one: Case) async throws {
        try await withStore(audits: false) { store in
            let shape = try await store.keepShape([1], workflow: "flow", version: 1)
            func call(_ script: RedisScript, _ arguments: [String]) async throws -> [String] {
                let reply = try await store.call(script, RedisArguments(arguments.map { $0 == "SHAPE" ? shape : $0 }))
                // The first word is the time, where there are several.
                return (reply.array ?? [reply]).map { $0.text ?? "\($0)" }
            }
            for (script, arguments) in one.before { _ = try await call(script, arguments) }
            let nothing = try await store.dump()
            let first = try await call(one.script, one.arguments)
            let done = try await store.dump()
            // What a key stands for is told and not done.
            if !one.testDescription.contains("key that is known") { #expect(done != nothing) }
            for _ in 0..<2 {
                let again = try await call(one.script, one.arguments)
                if one.script.name != "open_batch" { #expect(again.dropFirst() == first.dropFirst()) }
                #expect(try await store.dump() == done)
            }
        }
    }
}
