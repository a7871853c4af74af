import Glibc
import Penstock
import PenstockStore
import PenstockTesting
import Testing

/// For each kind of commit, a worker process is killed before Redis has the call and after, and the reply alone is lost: the run
/// ends as if nothing had happened.
@Suite("Killed while committing", .timeLimit(.minutes(5))) struct RunKillTests {
    struct Kind: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let workflow: String
        /// Arguments that stand side by side in the call that commits it.
        let words: [String]
        let state: RunState
        let steps: [String: StepState]
    }

    static let kinds = [
        Kind(
            testDescription: "a step succeeds", workflow: "chain", words: ["move", "first", "a", "s"],
            state: .succeeded, steps: ["first": .succeeded, "second": .succeeded]),
        Kind(
            testDescription: "a step fails", workflow: "fails", words: ["move", "first", "a", "f"], state: .failed,
            steps: ["first": .failed, "second": .pending]),
        Kind(
            testDescription: "a rollback is planned", workflow: "rolls-back",
            words: ["roll-back\tthird\tmark", "third"], state: .rolledBack,
            steps: ["first": .rolledBack, "second": .rolledBack, "third": .rolledBack]),
        Kind(
            testDescription: "a rollback is done", workflow: "rolls-back", words: ["move", "second", "b", "r"],
            state: .rolledBack, steps: ["first": .rolledBack, "second": .rolledBack, "third": .rolledBack]),
        Kind(
            testDescription: "a fan-out is expanded", workflow: "fans-out", words: ["fan", "items", "all"],
            state: .succeeded, steps: ["items": .succeeded]),
        Kind(
            testDescription: "an item ends", workflow: "fans-out", words: ["items", "items"], state: .succeeded,
            steps: ["items": .succeeded]),
        Kind(
            testDescription: "a child run is started", workflow: "parent", words: ["child", "child", "1", "chain"],
            state: .succeeded, steps: ["child": .succeeded]),
        Kind(
            testDescription: "a child run ends", workflow: "parent", words: ["tell", "S"], state: .succeeded,
            steps: ["child": .succeeded]),
        Kind(
            testDescription: "a child run has ended", workflow: "parent", words: ["move", "child", "w", "s"],
            state: .succeeded, steps: ["child": .succeeded]),
        Kind(
            testDescription: "a timer fires", workflow: "waits", words: ["move", "approval", "w", "f"],
            state: .succeeded, steps: ["approval": .failed, "expired": .succeeded]),
        Kind(
            testDescription: "a hook is delivered", workflow: "hooked", words: ["1", "RUN-a2"], state: .succeeded,
            steps: ["first": .succeeded]),
        Kind(
            testDescription: "the data are deleted", workflow: "scrubbed", words: ["forget", "i"], state: .dataDeleted,
            steps: ["first": .succeeded]),
    ]

    enum Harm: String, Sendable, CaseIterable {
        case killedBefore = "killed before the call"
        case killedAfter = "killed after the call"
        case replyLost = "the reply is lost"
    }

    @Test("the run ends in the same state as undisturbed, each step committed once", arguments: kinds, Harm.allCases)
    func killed(kind: Kind, harm: Harm) async throws {
        try await Rig.with { rig in
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                // Makes the workflow known, and the scripts.
                try await RunWorkerProgram.run(rig.redis.url) { _ in }
                let (run, _) = try await rig.penstock.start(workflow: kind.workflow, input: Array("{}".utf8))
                if kind.state == .dataDeleted {
                    try await RunWorkerProgram.run(rig.redis.url) { _ in _ = try await run.wait() }
                    try await run.deleteData()
                }
                let words = kind.words.map { $0 == "RUN-a2" ? "\(run.id)-a2" : $0 }
                let fault: Fault =
                    switch harm {
                    case .killedBefore: .dropRequest(then: .hang)
                    case .killedAfter: .dropReply(then: .hang)
                    case .replyLost: .dropReply(then: .close)
                    }
                let rule = proxy.apply(fault, to: .sequence(words))
                try await RunWorkerProgram.run(proxy.url) { worker in
                    try await proxy.applied(rule, within: .seconds(20))
                    guard harm != .replyLost else {
                        try await expectEnd(of: run, kind)
                        return
                    }
                    worker.signal(SIGKILL)
                    try await RunWorkerProgram.run(rig.redis.url) { _ in try await expectEnd(of: run, kind) }
                }
                #expect(try await KeyspaceAudit.read(rig.penstock.store).findings == [])
                try await eventually("nothing to be left to do") { try await rig.queue().running == 0 }
            }
        }
    }

    private func expectEnd(of run: Run, _ kind: Kind) async throws {
        let status = try await run.wait(for: kind.state, timeout: .seconds(30))
        #expect(status.state == kind.state && status.states == kind.steps)
        try await run.expectLegalHistory(kind.testDescription)
        switch kind.workflow {
        case "chain": #expect(try await run.output() == Array("2".utf8))
        case "scrubbed":
            let (input, output) = (try await run.input(), try await run.output(of: "first"))
            #expect(input == Array(#"{"left":1}"#.utf8) && output == nil)
        case "fans-out": #expect(try await run.output(of: "items") == Array("[1,4,9,16,25]".utf8))
        case "hooked":
            try await eventually("the hook to be delivered", within: .seconds(20)) {
                let queue = try await run.penstock.queues(["default"])[0]
                return queue.running == 0 && queue.ready == 0
            }
        default: break
        }
    }
}
