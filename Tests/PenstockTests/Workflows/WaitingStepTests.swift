import Penstock
import PenstockTesting
import Testing

/// Rows G6, G14, G15 of the features: steps that go on without a worker, over many items, and in other workflows.
@Suite("Steps that wait", .timeLimit(.minutes(10))) struct WaitingStepTests {
    // MARK: G6

    @Test("G6: a long-running step is synced until it is done")
    func synced() async throws {
        let journal = Journal()
        let flow = try Workflow("export", input: Order.self) { flow in
            flow.longRunning("export", every: .milliseconds(10)) { _, _ in
                journal.note("run")
                return .inProgress
            } sync: { order, _ -> StepProgress<Int> in
                journal.note("sync")
                return journal.count("sync") < 3 ? .inProgress : .done(order.number * 2)
            }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let output = try await rig.penstock.start(flow, Order(number: 21)).output()
            #expect(output == 42)
            #expect(journal.all == ["run", "sync", "sync", "sync"])
        }
    }

    @Test("G6: sync fails for good, and a step that goes on for longer than it may: both are undone")
    func syncFails() async throws {
        let journal = Journal()
        let failing = try Workflow("failing", input: NoInput.self) { flow in
            flow.longRunning("export", every: .milliseconds(10), retry: .quick(2)) { _, _ in
                .inProgress
            } sync: {
                _, _ -> StepProgress<NoOutput> in
                throw Broken("the export is lost")
            }.rollback { _, _ in journal.note("undone") }
        }
        let endless = try Workflow("endless", input: NoInput.self) { flow in
            flow.longRunning("export", every: .milliseconds(10), within: .milliseconds(100)) { _, _ in
                .inProgress
            } sync: { _, _ -> StepProgress<NoOutput> in
                .inProgress
            }
            .rollback { _, _ in journal.note("undone") }
        }
        try await withWorkflows { worker in
            worker.handle(failing)
            worker.handle(endless)
        } _: { rig in
            let lost = try await rig.penstock.start(failing).run.wait()
            #expect(lost.state == .rolledBack && lost.errors[0].message.hasPrefix("the export is lost"))
            let late = try await rig.penstock.start(endless).run.wait()
            #expect(late.state == .rolledBack && late.errors[0].message.hasPrefix("waited for longer than it may"))
            #expect(journal.all == ["undone", "undone"])
        }
    }

    @Test("G6: somebody outside completes a step with its token, also before its attempt has ended; or fails it")
    func completed() async throws {
        let token = Lockbox<CompletionToken?>(nil)
        let door = Door()
        let flow = try Workflow("outside", input: Bool.self) { flow in
            flow.longRunning("wait", every: .seconds(3600), retry: .never) { waits, context in
                token.set(context.completionToken)
                if waits { await door.pass() }
                return .inProgress
            } sync: { _, _ -> StepProgress<Int> in
                .inProgress
            }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let first = try await rig.penstock.start(flow, false)
            _ = try await rig.waits(first.run, "wait")
            let text = try #require(token.value).description
            try await rig.penstock.complete(try #require(CompletionToken(text)), with: 7)
            #expect(try await first.output() == 7)
            await expectNotNow { try await rig.penstock.complete(try #require(token.value), with: 8) }

            token.set(nil)
            let early = try await rig.penstock.start(flow, true)
            try await eventually("the token") { token.value != nil }
            try await rig.penstock.complete(try #require(token.value), with: 9)
            #expect(try await early.run.status().state("wait") == .active)
            door.open()
            #expect(try await early.output() == 9)

            let failed = try await rig.penstock.start(flow, false)
            _ = try await rig.waits(failed.run, "wait")
            try await rig.penstock.fail(try #require(token.value), "the other side gave up")
            let status = try await failed.run.wait()
            #expect(status.state == .failed && status.errors.map(\.message) == ["the other side gave up"])

            // A token that was guessed, and what is none.
            let guessed = try await rig.penstock.start(flow, false)
            _ = try await rig.waits(guessed.run, "wait")
            await expectNotNow {
                try await rig.penstock.complete(try #require(CompletionToken("\(guessed.id).guess.wait")), with: 1)
            }
            #expect(CompletionToken("guess") == nil)
            let unknown = await #expect(throws: PenstockError.self) {
                try await rig.penstock.complete(try #require(CompletionToken("nobody.guess.wait")), with: 1)
            }
            #expect(unknown?.code == .notFound)
            try await guessed.run.cancel()
        }
    }

    @Test("G6: a token of an earlier attempt is refused, and says so")
    func earlierToken() async throws {
        let tokens = Lockbox<[CompletionToken]>([])
        let flow = try Workflow("tokens", input: NoInput.self) { flow in
            flow.longRunning("wait", every: .seconds(3600), retry: .quick(2)) { _, context in
                let token = context.completionToken
                tokens.change { $0.append(token) }
                if context.attempt == 1 { throw Broken() }
                return .inProgress
            } sync: { _, _ -> StepProgress<Int> in
                .inProgress
            }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let run = try await rig.penstock.start(flow)
            _ = try await rig.waits(run.run, "wait")
            let known = tokens.value
            #expect(known.count == 2 && known[0] != known[1])
            let error = await #expect(throws: PenstockError.self) { try await rig.penstock.complete(known[0], with: 1) }
            #expect(error?.message.contains("one of an earlier attempt of step \"wait\"") == true)
            try await rig.penstock.complete(known[1], with: 2)
            #expect(try await run.output() == 2)
        }
    }

    @Test("G6: health checks go on after success; one that fails for good rolls the run back")
    func healthCheck() async throws {
        let journal = Journal()
        let healthy = Switch()
        healthy.turnOn()
        let flow = try Workflow("health", input: NoInput.self) { flow in
            let server = flow.longRunning("server", every: .milliseconds(10), healthCheck: true, retry: .never) {
                _, _ in
                .done("address")
            } sync: { _, context -> StepProgress<String> in
                journal.note("check")
                if !healthy.isOn { throw Broken("it is gone") }
                return .inProgress
            }.rollback { address, _ in journal.note("undone \(address ?? "")") }
            flow.signal("finish", of: Int.self, after: server)
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let run = try await rig.penstock.start(flow).run
            try await eventually("three checks") { journal.count("check") >= 3 }
            #expect(try await run.status().state("server") == .succeeded)
            healthy.turnOff()
            let status = try await run.wait()
            #expect(status.state == .rolledBack && status.errors.map(\.step) == ["server"])
            #expect(journal.all.last == "undone address")
        }
    }

    // MARK: G14

    @Test("G14: results come in the order of the items; concurrency and batches are kept to")
    func fanOut() async throws {
        let occupancy = Occupancy()
        let flow = try Workflow("squares", input: Int.self) { flow in
            let squares = flow.forEach("squares", concurrency: 3) { count, _ in
                Array(0..<count)
            } run: { item, _ in
                occupancy.enter()
                defer { occupancy.leave() }
                await Task.yield()
                return item * item
            }
            let batched = flow.forEach("batched", concurrency: 2, batchSize: 4) { count, _ in
                Array(0..<count)
            } run: {
                item, _ in
                "\(item)"
            }
            let nothing = flow.forEach("nothing") { _, _ in
                [Int]()
            } run: { item, _ in
                item
            }
            return flow.step("all", after: squares, batched, nothing) { _, context in
                try await [context[squares].map { "\($0)" }, context[batched], context[nothing].map { "\($0)" }]
            }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let output = try await rig.penstock.start(flow, 50).output()
            #expect(output == [(0..<50).map { "\($0 * $0)" }, (0..<50).map { "\($0)" }, []])
            #expect(occupancy.most <= 3 && occupancy.total == 50)
        }
    }

    @Test("G14: failed items stop the others, or not, or are collected; a retry executes only them")
    func failedItems() async throws {
        let journal = Journal()
        let mended = Switch()
        let flow = try Workflow("items", input: NoInput.self) { flow in
            flow.forEach("items", concurrency: 1, failedItems: .goOn, retry: .never) { _, _ in
                journal.note("list")
                return [1, 2, 3, 4]
            } run: { item, _ in
                journal.note("\(item)")
                if item % 2 == 0 && !mended.isOn { throw Broken("even") }
                return item
            }
        }
        let stopping = try Workflow("stopping", input: NoInput.self) { flow in
            flow.forEach("items", concurrency: 1, retry: .never) { _, _ in
                [1, 2, 3, 4]
            } run: { item, _ in
                journal.note("stopping \(item)")
                if item == 2 { throw Broken("even") }
            }
        }
        let collecting = try Workflow("collecting", input: NoInput.self) { flow in
            flow.forEachCollecting("items", retry: .never) { _, _ in
                [1, 2, 3]
            } run: { item, _ in
                if item == 2 { throw Broken("even") }
                return item
            }
        }
        try await withWorkflows { worker in
            worker.handle(flow)
            worker.handle(stopping)
            worker.handle(collecting)
        } _: { rig in
            let run = try await rig.penstock.start(flow)
            let status = try await run.run.wait()
            #expect(status.state == .failed && status.errors.map(\.message) == ["2 of 4 items failed"])
            #expect(status.steps[0].fanOut == .init(total: 4, done: 4, failed: 2))
            #expect(journal.all == ["list", "1", "2", "3", "4"])
            mended.turnOn()
            try await run.run.retry()
            #expect(try await run.run.wait(for: .succeeded).round == 2)
            #expect(try await run.output() == [1, 2, 3, 4])
            #expect(journal.all == ["list", "1", "2", "3", "4", "2", "4"], "the list is that of the first round")

            #expect(try await rig.penstock.start(stopping).run.wait().state == .failed)
            #expect(journal.all.filter { $0.hasPrefix("stopping") } == ["stopping 1", "stopping 2"])
            let collected = try await rig.penstock.start(collecting).output()
            #expect(collected == [.succeeded(1), .failed("even (all attempts used up)"), .succeeded(3)])
        }
    }

    // MARK: G15

    @Test("G15: a child workflow is started by a step, awaited or not; what becomes of it when the parent stops")
    func children() async throws {
        let journal = Journal()
        let inner = try Workflow("inner", input: Int.self) { flow in
            flow.step("double", retry: .never) { number, _ in
                if number < 0 { throw Broken("negative") }
                return number * 2
            }
        }
        let waiting = try Workflow("waiting", input: String.self) { flow in
            flow.signal("go", of: Int.self)
            flow.hook(.cancelled) { name, _ in journal.note("\(name) cancelled") }
        }
        let outer = try Workflow("outer", input: Int.self) { flow in
            let child = flow.child("child", of: inner) { number, _ in number + 1 }
            flow.launch("aside", inner, after: child) { number, _ in number }
            return flow.step("after", after: child) { _, context in try await context[child] + 1 }
        }
        let parent = try Workflow("parent", input: NoInput.self) { flow in
            flow.child("taken", of: waiting) { _, _ in "taken" }
            flow.child("left", of: waiting, whenStopped: .abandon) { _, _ in "left" }
            flow.child("kept", of: waiting, whenStopped: .finish) { _, _ in "kept" }
        }
        try await withWorkflows { worker in
            worker.handle(inner)
            worker.handle(outer)
            worker.handle(waiting)
            worker.handle(parent)
        } _: { rig in
            let run = try await rig.penstock.start(outer, 20, .init(tenant: "acme"))
            #expect(try await run.output() == 43)
            let status = try await run.run.status()
            let child = try #require(status.steps.first { $0.name == "child" }?.child)
            let inside = try await rig.penstock.run(child).status()
            #expect(inside.workflow == "inner" && inside.parent == run.id && inside.tenant == "acme")
            let failed = try await rig.penstock.start(outer, -5).run.wait()
            #expect(failed.state == .failed && failed.errors[0].message.contains("has ended: failed"))

            let stopped = try await rig.penstock.start(parent).run
            var children: [String: RunID] = [:]
            try await eventually("three children to run") {
                for step in try await stopped.status().steps { children[step.name] = step.child }
                return children.count == 3
            }
            for id in children.values { _ = try await rig.penstock.run(id).wait(for: .running) }
            try await stopped.cancel()
            _ = try await rig.penstock.run(try #require(children["taken"])).wait(for: .cancelled)
            try await eventually("the hook") { journal.all == ["taken cancelled"] }
            #expect(try await stopped.status().state == .cancelling, "it waits for the child that is to finish")
            #expect(try await rig.penstock.run(try #require(children["left"])).status().state == .running)
            try await rig.penstock.run(try #require(children["kept"])).signal("go", 1)
            #expect(try await stopped.wait().state == .cancelled)
            try await rig.penstock.run(try #require(children["left"])).cancel()
        }
    }

    // MARK: Signals

    @Test("signals: early ones are buffered, wrong ones refused, and one that does not come in time can be caught")
    func signals() async throws {
        let flow = try Workflow("approval", input: Duration.self) { flow in
            let first = flow.step("first") { _, _ in }
            return flow.signal("approval", of: String.self, after: first)
        }
        let timed = try Workflow("timed", input: NoInput.self) { flow in
            let approval = flow.signal("approval", of: String.self, within: .milliseconds(50))
            let expired = flow.step("expired", after: approval.failure) { _, _ in "expired" }
            let approved = flow.step("approved", after: approval) { _, context in try await context[approval] }
            return flow.step("end", after: expired, approved, join: .any) { _, context in
                let answer = try await context.output(ifAny: approved)
                if let answer { return answer }
                return try await context[expired]
            }
        }
        try await withWorkflows { worker in
            worker.handle(flow)
            worker.handle(timed)
        } _: { rig in
            try await rig.penstock.pause(queue: "default", by: "test")
            let early = try await rig.penstock.start(flow, .zero)
            try await early.run.signal("approval", "early")
            try await rig.penstock.resume(queue: "default")
            #expect(try await early.output() == "early")

            let wrong = try await rig.penstock.start(flow, .zero)
            await expectNotNow { try await wrong.run.signal("aproval", "typo") }
            _ = try await rig.waits(wrong.run, "approval")
            try await wrong.run.signal("approval", payload: Array("7".utf8))
            let status = try await wrong.run.wait()
            #expect(status.state == .failed && status.errors[0].message.contains("signal \"approval\" is no String"))
            await expectNotNow { try await wrong.run.signal("approval", "late") }

            #expect(try await rig.penstock.start(timed).output() == "expired")
        }
    }
}

extension Rig {
    /// Waits until a step goes on without a worker.
    func waits(_ run: Run, _ step: String) async throws -> RunStatus {
        var status = try await run.status()
        for try await update in run.updates() {
            status = update
            if update.state(step) == .waiting || update.state.isTerminal { break }
        }
        return status
    }
}
