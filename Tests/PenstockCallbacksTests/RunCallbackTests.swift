import EmbeddedRedis
import Foundation
import Logging
import NIOHTTP1
import Penstock
import PenstockTesting
import Testing

@testable import PenstockCallbacks

/// Row G7 of the features: the callback URL of a run, from the worker to a receiver.
@Suite("G7 Callbacks of runs", .timeLimit(.minutes(10))) struct RunCallbackTests {
    /// Two steps with rollbacks, and one that fails if the run is told to.
    private static func order() throws -> Workflow<Bool, NoOutput> {
        let order = try Workflow("order", input: Bool.self) { flow in
            let reserve = flow.step("reserve") { _, _ in }.rollback { _, _ in }
            flow.step("charge", after: reserve, retry: .never) { fails, _ in
                if fails { throw JobFailure.permanent("card refused") }
            }
        }
        return order
    }

    @Test("a run tells its start, its steps, its rollback and its end: signed JSON of one form, each once")
    func phases() async throws {
        let signing = try CallbackSigning(secrets: [CallbackSigning.makeSecret()])
        try await withReceiver(Receiver.answer(204)) { receiver in
            try await withWorker(try Self.order(), sender(signing: signing)) { penstock in
                let target = RunCallback(url: receiver.url, attributes: ["shop": "blue", "order": "7"])
                let bad = try await penstock.start(Self.order(), true, .init(callback: target)).run
                #expect(try await bad.wait().state == .rolledBack)
                let why = "card refused (permanent failure)"
                var ids = try await expect(
                    [
                        .run("started"), .step("reserve", "succeeded"), .step("charge", "failed", runError: why),
                        .run("rollingBack", runError: "charge: \(why)"),
                        .step("charge", "rolledBack", runError: why), .step("reserve", "rolledBack"),
                        .run("rolledBack", runError: "charge: \(why)"),
                    ], of: bad.id, at: receiver, signing)
                let good = try await penstock.start(Self.order(), false, .init(callback: target)).run
                #expect(try await good.wait().state == .succeeded)
                ids += try await expect(
                    [
                        .run("started"), .step("reserve", "succeeded"), .step("charge", "succeeded"),
                        .run("succeeded"),
                    ], of: good.id, at: receiver, signing)
                #expect(Set(ids).count == 11 && receiver.requests.pending.isEmpty)
            }
        }
    }

    @Test("a receiver that is broken and then gone gets all of them in the end; the run does not wait for it")
    func dead() async throws {
        let broken = try await Receiver(Receiver.answer(503, headers: ["retry-after: 0"]))
        try await withWorker(try Self.order(), sender()) { penstock in
            let run = try await penstock.start(Self.order(), false, .init(callback: .init(url: broken.url))).run
            #expect(try await run.wait().state == .succeeded)
            // Asked for at once, so the same callback comes again and again under the same id.
            _ = try await broken.requests.next(8)
            await broken.stop()
            let mended = try await Receiver(Receiver.answer(200), port: broken.port)
            let found = try await mended.requests.next(4, within: .seconds(60))
            let phases = try found.map { try JSONDecoder().decode(RunCallbackBody.self, from: Data($0.body)) }
            #expect(
                Set(phases.map { "\($0.step ?? "run") \($0.phase)" }) == [
                    "run started", "reserve succeeded", "charge succeeded", "run succeeded",
                ])
            #expect(Set(found.flatMap { $0.headers["webhook-id"] }).count == 4)
            await mended.stop()
        }
    }

    @Test("a rollback that is retried by hand tells of it again, under new ids")
    func again() async throws {
        let works = TestSignal("the rollback works")
        let flow = try Workflow("stubborn", input: NoInput.self) { flow in
            let first = flow.step("first") { _, _ in }
                .rollback(retry: .never) { _, _ in if works.count == 0 { throw JobFailure.permanent("stuck") } }
            flow.step("bad", after: first, retry: .never) { _, _ in throw JobFailure.permanent("no") }
        }
        try await withReceiver(Receiver.answer(204)) { receiver in
            try await withWorker(flow, sender()) { penstock in
                let run = try await penstock.start(flow, .init(callback: .init(url: receiver.url))).run
                #expect(try await run.wait().state == .failed)
                let before = try await receiver.requests.next(6).map { try body($0) }
                let failed = try #require(before.first { $0.phase == "failed" && $0.step == nil })
                #expect(failed.rollbackError == "first: stuck (permanent failure)")
                works.raise()
                try await run.retryRollback(of: "first")
                #expect(try await run.wait(for: .rolledBack).state == .rolledBack)
                let after = try await receiver.requests.next(3)
                #expect(Set(try after.map { try body($0).phase }) == ["rollingBack", "rolledBack"])
            }
        }
    }

    @Test("a receiver that is gone for good is left alone, and so is an address that is not allowed")
    func givenUp() async throws {
        try await withReceiver(Receiver.answer(410)) { receiver in
            let log = LogBox()
            try await withWorker(try Self.order(), sender(), log) { penstock in
                let run = try await penstock.start(Self.order(), false, .init(callback: .init(url: receiver.url))).run
                #expect(try await run.wait().state == .succeeded)
                for _ in 0..<4 { try await log.errors.next { $0.contains("answered 410") } }
                #expect(receiver.requests.pending.count == 4)
                try await eventually("nothing to be left") { try await isIdle(penstock) }
            }
            let refusals = LogBox()
            try await withWorker(try Self.order(), sender(allowing: []), refusals) { penstock in
                _ = try await receiver.requests.next(4)
                let run = try await penstock.start(Self.order(), false, .init(callback: .init(url: receiver.url))).run
                #expect(try await run.wait().state == .succeeded)
                for _ in 0..<4 { try await refusals.errors.next { $0.contains("127.0.0.1, which is not public") } }
                #expect(receiver.requests.pending.isEmpty)
                try await eventually("nothing to be left") { try await isIdle(penstock) }
            }
        }
    }

    // MARK: -

    private struct Expected: Hashable {
        var phase: String
        var step: String?
        var runError: String?

        static func run(_ phase: String, runError: String? = nil) -> Expected {
            Expected(phase: phase, runError: runError)
        }
        static func step(_ step: String, _ phase: String, runError: String? = nil) -> Expected {
            Expected(phase: phase, step: step, runError: runError)
        }
    }

    /// Takes as many requests as are expected, in whatever order they come; their ids.
    private func expect(
        _ expected: [Expected], of run: RunID, at receiver: Receiver, _ signing: CallbackSigning
    ) async throws -> [String] {
        var ids: [String] = []
        var found: Set<Expected> = []
        for request in try await receiver.requests.next(expected.count) {
            let headers = Dictionary(request.headers.map { ($0.name, $0.value) }) { first, _ in first }
            ids.append(try signing.verify(headers: headers, body: request.body))
            let json = try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
            #expect(
                Set((json ?? [:]).keys) == ["name", "run", "phase", "step", "attributes", "runError", "rollbackError"])
            let body = try body(request)
            #expect(body.name == "order" && body.run == run && body.rollbackError == nil)
            #expect(body.attributes == ["shop": "blue", "order": "7"] && request.method == .POST)
            found.insert(Expected(phase: body.phase, step: body.step, runError: body.runError))
        }
        #expect(found == Set(expected))
        return ids
    }

    private func body(_ request: Receiver.Request) throws -> RunCallbackBody {
        try JSONDecoder().decode(RunCallbackBody.self, from: Data(request.body))
    }

    private func isIdle(_ penstock: Penstock) async throws -> Bool {
        try await penstock.queues().allSatisfy { $0.ready + $0.delayed + $0.running + $0.dead == 0 }
    }

    /// A private Redis with a worker that has the workflow and delivers callbacks.
    private func withWorker<Input, Output>(
        _ workflow: Workflow<Input, Output>, _ sender: CallbackSender, _ log: LogBox = LogBox(),
        _ body: (Penstock) async throws -> Void
    ) async throws {
        try await EmbeddedRedis.withRedis { redis in
            let penstock = try Penstock(.init(url: redis.url, namespace: "t"), logger: log.logger)
            var options = Worker.Options()
            options.callbacks = sender
            let worker = Worker(penstock, options: options)
            worker.handle(workflow)
            let running = Task { try await worker.run() }
            var failure: (any Error)?
            do { try await body(penstock) } catch { failure = error }
            running.cancel()
            _ = await running.result
            await penstock.shutdown()
            if let failure { throw failure }
        }
    }
}

/// The errors of a log.
struct LogBox: LogHandler {
    let errors = EventBox<String>("errors of the log")
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.error

    var logger: Logger { Logger(label: "test") { _ in self } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        errors.post("\(event.message) \(event.metadata?["error"].map { "\($0)" } ?? "")")
    }
}
