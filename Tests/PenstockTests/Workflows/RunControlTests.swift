import Penstock
import PenstockStore
import PenstockTesting
import RedisClient
import Testing

/// Rows G8 to G12 and G16 to G19 of the features: steering runs, waiting for them, finding them.
@Suite("Steering runs", .timeLimit(.minutes(10))) struct RunControlTests {
    // MARK: G8

    @Test("G8: pause and resume: nothing new starts, a due timer waits, and all goes on")
    func pause() async throws {
        let journal = Journal()
        let door = Door()
        let flow = try Workflow("pause", input: NoInput.self) { flow in
            let first = flow.step("first") { _, _ in
                journal.note("first")
                await door.pass()
            }
            flow.step("second", after: first) { _, _ in journal.note("second") }
            let approval = flow.signal("approval", of: Int.self, within: .seconds(60))
            flow.step("expired", after: approval.failure) { _, _ in journal.note("expired") }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let run = try await rig.penstock.start(flow).run
            try await eventually("the first step") { journal.all == ["first"] }
            _ = try await rig.waits(run, "approval")
            try await run.pause()
            try await run.pause()
            door.open()
            _ = try await run.wait(forStep: "first")
            try await rig.advanceClock(by: .seconds(120))
            // Both what comes next and the time-out are put aside by the worker that claims them.
            try await eventually("two tasks to be put aside") {
                try await rig.command("LLEN", "{t:0}:shelf:\(run.id)").int == 2
            }
            #expect(journal.all == ["first"])
            #expect(try await run.status().state == .paused)
            try await run.resume()
            let status = try await run.wait()
            #expect(status.state == .succeeded && Set(journal.all) == ["first", "second", "expired"])
            await expectNotNow { try await run.pause() }
        }
    }

    @Test(
        "G8: retry goes on where it failed, rerun does a step again with all after it, skip makes a step count as done")
    func again() async throws {
        let journal = Journal()
        let works = Switch()
        let flow = try Workflow("again", input: NoInput.self) { flow in
            let a = flow.step("a") { _, _ in journal.note("a") }
            let b = flow.step("b", after: a, retry: .never) { _, _ in
                journal.note("b")
                if !works.isOn { throw Broken() }
            }
            let c = flow.step("c") { _, _ in journal.note("c") }
            flow.step("d", after: b, c) { _, _ in journal.note("d") }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let run = try await rig.penstock.start(flow).run
            #expect(try await run.wait().state == .failed)
            works.turnOn()
            try await run.retry()
            #expect(try await run.wait(for: .succeeded).state == .succeeded)
            #expect(journal.count("a") == 1 && journal.count("b") == 2 && journal.count("c") == 1)
            #expect(journal.count("d") == 1)
            await expectNotNow { try await run.retry() }
            try await run.rerun(from: "c")
            _ = try await run.wait()
            #expect(journal.count("c") == 2 && journal.count("d") == 2 && journal.count("b") == 2)
            let unknown = await #expect(throws: PenstockError.self) { try await run.rerun(from: "nowhere") }
            #expect(unknown?.message.contains("has no step \"nowhere\"") == true)

            works.turnOff()
            let other = try await rig.penstock.start(flow).run
            _ = try await other.wait()
            try await other.skip("b")
            let status = try await other.wait(for: .succeeded)
            #expect(status.state("b") == .waived && journal.count("d") == 3)
        }
    }

    @Test("G8: a step is skipped while the run goes on")
    func skipLive() async throws {
        let flow = try Workflow("skip", input: NoInput.self) { flow in
            let approval = flow.signal("approval", of: Int.self)
            return flow.step("after", after: approval) { _, context in
                try await context.output(ifAny: approval) == nil ? "skipped" : "approved"
            }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let run = try await rig.penstock.start(flow)
            _ = try await rig.waits(run.run, "approval")
            try await run.run.skip("approval")
            #expect(try await run.output() == "skipped")
        }
    }

    // MARK: G9

    @Test("G9: hooks are called at least once, again until they do not throw, with the run's input")
    func hooks() async throws {
        let journal = Journal()
        let flow = try Workflow("hooks", input: String.self) { flow in
            let first = flow.signal("go", of: Bool.self)
            flow.step("second", after: first, retry: .never) { _, context in
                if !(try await context[first]) { throw Broken("second is broken") }
            }
            for moment in HookMoment.allCases {
                flow.hook(moment) { input, context in
                    journal.note("\(input) \(moment.rawValue) \(context.moment == moment)")
                    if context.attempt == 1 { throw JobFailure.retry(after: .milliseconds(1), "not yet") }
                }
            }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let good = try await rig.penstock.start(flow, "good").run
            _ = try await rig.waits(good, "go")
            try await good.pause()
            try await eventually("the hook of the pause") { journal.count("good paused true") == 2 }
            try await good.resume()
            try await good.signal("go", true)
            let bad = try await rig.penstock.start(flow, "bad").run
            try await bad.signal("go", false)
            let gone = try await rig.penstock.start(flow, "gone").run
            try await gone.cancel()
            try await eventually("all hooks, twice") {
                ["good completed true", "bad failed true", "gone cancelled true"].allSatisfy { journal.count($0) == 2 }
            }
            #expect(journal.all.count == 8)
        }
    }

    // MARK: G10

    @Test("G10: waiting for an end, a state or a step, also one that has passed; time-outs; unknown runs")
    func waiting() async throws {
        let flow = try Workflow("waiting", input: NoInput.self) { flow in
            let first = flow.step("first") { _, _ in }
            flow.signal("go", of: Int.self, after: first)
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let other = try Rig.client(rig.redis.url)
            let run = try await rig.penstock.start(flow).run
            #expect(try await run.wait(forStep: "first").state("first") == .succeeded)
            let error = await #expect(throws: PenstockError.self) { try await run.wait(timeout: .milliseconds(30)) }
            #expect(error?.code == .timedOut && error?.message.contains("it is running") == true)
            // Many who wait, in another process's client, are all told.
            let clock = ContinuousClock()
            try await withThrowingTaskGroup(of: RunState.self) { group in
                for _ in 0..<20 { group.addTask { try await other.run(run.id).wait().state } }
                _ = try await rig.waits(run, "go")
                let sent = clock.now
                try await run.signal("go", 1)
                for try await state in group { #expect(state == .succeeded) }
                #expect(clock.now - sent < .seconds(4), "told, and not found by looking every five seconds")
            }
            #expect(try await run.wait(for: .running).state == .succeeded, "it was running once")
            await expectNotNow { _ = try await run.wait(for: .paused) }
            let unknown = await #expect(throws: PenstockError.self) {
                try await rig.penstock.run(try #require(RunID("nobody"))).wait()
            }
            #expect(unknown?.code == .notFound)
            await other.shutdown()
        }
    }

    // MARK: G11

    @Test("G11: the history has every transition with time, worker, attempt and error")
    func history() async throws {
        let flow = try Workflow("history", input: NoInput.self) { flow in
            let first = flow.step("first", retry: .quick()) { _, context in
                if context.attempt < 3 { throw Broken() }
            }
            flow.step("second", after: first, retry: .never) { _, _ in throw Broken("broken\nin two lines") }
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let run = try await rig.penstock.start(flow).run
            _ = try await run.wait()
            let history = try await run.history()
            #expect(
                history.map(\.moves) == [
                    [.run(.running), .step("first", .active, branch: nil)],
                    [.step("first", .succeeded, branch: nil), .step("second", .active, branch: nil)],
                    [.step("second", .failed, branch: nil), .run(.failed)],
                ])
            #expect(history.map(\.attempt) == [nil, 3, nil])
            #expect(history.last?.error == "broken\nin two lines (all attempts used up)")
            let workers = try await rig.penstock.workers().map(\.name)
            #expect(history.dropFirst().allSatisfy { workers.contains($0.by) } && !workers.contains(history[0].by))
            #expect(zip(history, history.dropFirst()).allSatisfy { $0.at <= $1.at })
        }
    }

    // MARK: G12

    @Test("G12: a run keeps its version; a worker without it leaves its tasks alone, and why says so")
    func versions() async throws {
        let old = try Workflow("versions", version: 1, input: NoInput.self) { flow in
            let go = flow.signal("go", of: Int.self)
            return flow.step("answer", after: go) { _, _ in "old" }
        }
        let new = try Workflow("versions", version: 2, input: NoInput.self) { flow in
            flow.step("other-answer") { _, _ in "new" }
        }
        try await Rig.with { rig in
            let first = try await rig.penstock.start(old)
            try await RunningWorker.with(rig.penstock) {
                $0.handle(old)
            } _: { _ in
                _ = try await rig.waits(first.run, "go")
            }
            try await RunningWorker.with(rig.penstock) {
                $0.handle(new)
            } _: { _ in
                try await first.run.signal("go", 1)
                #expect(try await rig.penstock.start(new).output() == "new")
                #expect(
                    try await rig.penstock.start(workflow: "versions", input: Array("{}".utf8)).run.wait().version == 2)
                #expect(try await first.run.status().state == .running)
                let why = try await first.run.why()
                #expect(why.contains { $0.contains("versions@1") }, "\(why)")
                // Side by side.
                try await RunningWorker.with(rig.penstock) {
                    $0.handle(old)
                } _: { _ in
                    let output = try await first.output()
                    #expect(output == "old")
                }
            }
            let known = try await rig.penstock.workflows()
            #expect(known.map { "\($0.name)@\($0.version)" } == ["versions@1", "versions@2"])
        }
    }

    // MARK: G16, G17

    @Test("G16: runs are found by workflow, state, foreign id, tags and time, a page at a time")
    func list() async throws {
        let flow = try Workflow("list", input: Int.self) { flow in
            flow.step("only", retry: .never) { number, _ in if number % 3 == 0 { throw Broken() } }
        }
        let other = try Workflow("other", input: NoInput.self) { flow in flow.signal("go", of: Int.self) }
        try await withWorkflows { worker in
            worker.handle(flow)
            worker.handle(other)
        } _: { rig in
            var ids: [RunID] = []
            for number in 0..<25 {
                let options = StartOptions(
                    foreignID: "order-\(number)", tags: number < 5 ? ["first", "few"] : ["rest"])
                ids.append(try await rig.penstock.start(flow, number, options).id)
            }
            let live = try await rig.penstock.start(other)
            for id in ids { _ = try await rig.penstock.run(id).wait() }
            func pages(_ filter: RunFilter, limit: Int) async throws -> [[RunID]] {
                var pages: [[RunID]] = []
                var after: String?
                repeat {
                    let page = try await rig.penstock.runs(filter, after: after, limit: limit)
                    pages.append(page.entries.map(\.id))
                    after = page.next
                } while after != nil
                return pages
            }
            func all(_ filter: RunFilter) async throws -> Set<RunID> { Set(try await pages(filter, limit: 7).joined()) }
            let paged = try await pages(.init(workflow: "list"), limit: 10)
            #expect(paged.prefix(2).allSatisfy { $0.count == 10 } && Set(paged.joined()) == Set(ids))
            #expect(Array(paged.joined()).count == 25, "no run is on two pages")
            #expect(try await all(.init()) == Set(ids + [live.id]))
            let failed = Set(ids.indices.filter { $0 % 3 == 0 }.map { ids[$0] })
            #expect(try await all(.init(workflow: "list", states: [.failed])) == failed)
            #expect(try await all(.init(states: [.running])) == [live.id])
            #expect(try await all(.init(tags: ["first"])) == Set(ids.prefix(5)))
            #expect(try await all(.init(states: [.failed], tags: ["few", "first"])) == [ids[0], ids[3]])
            #expect(try await all(.init(tags: ["first", "rest"])).isEmpty)
            #expect(try await all(.init(workflow: "list", foreignID: "order-7")) == [ids[7]])
            let entry = try #require(try await rig.penstock.runs(.init(foreignID: "order-7")).entries.first)
            #expect(entry.workflow == "list" && entry.state == .succeeded && entry.tags == ["rest"])
            #expect(try await all(.init(from: entry.startedAt, until: entry.startedAt + 1)).contains(ids[7]))
            #expect(try await all(.init(until: 1)).isEmpty)
            try await live.run.cancel()
        }
    }

    @Test("G17: a foreign id has one live run of a workflow, paused ones included")
    func foreignIDs() async throws {
        let flow = try Workflow("foreign", input: NoInput.self) { flow in flow.signal("go", of: Int.self) }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let options = StartOptions(foreignID: "customer-7")
            let first = try await rig.penstock.start(flow, options)
            try await first.run.pause()
            let second = try await rig.penstock.start(flow, options)
            #expect(second.id == first.id && second.isExisting && !first.isExisting)
            #expect(try await rig.penstock.liveRun(of: "foreign", foreignID: "customer-7")?.id == first.id)
            try await first.run.cancel()
            _ = try await first.run.wait()
            let third = try await rig.penstock.start(flow, options)
            #expect(third.id != first.id && !third.isExisting)
            await expectNotNow { try await first.run.retry() }
            try await third.run.cancel()
        }
    }

    // MARK: G18

    @Test("G18: a run's data are deleted on request, all of them or by the workflow's own scrubber")
    func deletion() async throws {
        let plain = try Workflow("plain", input: Order.self) { flow in
            let first = flow.step("first") { order, context in
                try context.set(Variable("note", String.self), "secret")
                return "secret \(order.number)"
            }
            flow.forEach("items", after: first) { _, _ in
                ["secret"]
            } run: { item, _ in
                item
            }
            flow.step("bad", after: first, retry: .never) { _, _ in throw Broken("secret") }
        }
        let scrubbed = try Workflow("scrubbed", input: Order.self) { flow in
            flow.step("first") { order, _ in "secret \(order.number)" }
            flow.scrub { order in Order(number: order.number, items: []) }
        }
        try await withWorkflows { worker in
            worker.handle(plain)
            worker.handle(scrubbed)
        } _: { rig in
            for (flow, left) in [(plain, nil), (scrubbed, Order(number: 7, items: []))]
                as [(Workflow<Order, NoOutput>, Order?)]
            {
                let run = try await rig.penstock.start(flow, Order(number: 7, items: ["secret"])).run
                if flow.name == "plain" { _ = try await run.wait(forStep: "items") }
                _ = try await run.wait()
                try await run.deleteData()
                let status = try await run.wait(for: .dataDeleted)
                #expect(status.state == .dataDeleted)
                #expect(try await run.output(of: "first") == nil)
                let input = try await run.input()
                #expect(try input.flatMap { $0.isEmpty ? nil : try JSONCodec().decode(Order.self, from: $0) } == left)
                #expect(try await run.history().contains { $0.moves.contains(.step("first", .succeeded, branch: nil)) })
                await expectNotNow { try await run.retry() }
            }
            let dump = try await rig.everything()
            #expect(!dump.contains("secret"), "\(dump)")
        }
    }

    @Test("runs are removed when their retention has passed")
    func retention() async throws {
        let flow = try Workflow("retention", input: NoInput.self, retention: .seconds(60)) { flow in
            flow.step("only") { _, _ in }
        }
        let options = Worker.Options.quick.with { $0.lease = .seconds(1) }
        try await withWorkflows(options: options) {
            $0.handle(flow)
        } _: { rig in
            let run = try await rig.penstock.start(flow, .init(foreignID: "x", tags: ["y"])).run
            _ = try await run.wait()
            #expect(try await rig.penstock.runs().entries.count == 1)
            try await rig.advanceClock(by: .seconds(61))
            try await eventually("the run to be removed", within: .seconds(20)) {
                try await rig.penstock.runs().entries.isEmpty
            }
            let gone = await #expect(throws: PenstockError.self) { try await run.status() }
            #expect(gone?.code == .notFound)
            #expect(try await !rig.everything().contains(run.id.rawValue))
        }
    }

    // MARK: Bad input

    @Test("what cannot be is refused with its reason, and nothing is stored")
    func badInput() async throws {
        let flow = try Workflow("plain", input: String.self) { flow in flow.signal("go", of: String.self) }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            func expect(
                _ code: PenstockError.Code, _ text: String, _ body: () async throws -> Void
            ) async {
                let error = await #expect(throws: PenstockError.self) { try await body() }
                #expect(error?.code == code && error?.message.contains(text) == true, "\(String(describing: error))")
            }
            let huge = String(repeating: "x", count: 17 << 20)
            await expect(.invalidArgument, "at most 16777216 are allowed") {
                _ = try await rig.penstock.start(flow, huge)
            }
            await expect(.invalidArgument, "queue \"a b\"") {
                _ = try await rig.penstock.start(flow, "", .init(queue: "a b"))
            }
            await expect(.invalidArgument, "at most 16") {
                _ = try await rig.penstock.start(flow, "", .init(tags: (0..<17).map { "\($0)" }))
            }
            await expect(.notFound, "workflow \"nowhere\" is not known") {
                _ = try await rig.penstock.start(workflow: "nowhere", input: [])
            }
            await expect(.notFound, "has no version 9; known are 1") {
                _ = try await rig.penstock.start(workflow: "plain", version: 9, input: [])
            }
            #expect(try await rig.penstock.runs().entries.isEmpty)
            let nobody = rig.penstock.run(try #require(RunID("nobody")))
            for call in [nobody.pause, nobody.resume, nobody.retry, nobody.deleteData] {
                await expect(.notFound, "run nobody is not known") { try await call() }
            }
            await expect(.notFound, "run nobody is not known") { try await nobody.signal("go", "") }
            await expect(.notFound, "run nobody is not known") { try await nobody.skip("go") }
            let run = try await rig.penstock.start(flow, "").run
            await expect(.invalidArgument, "at most 16777216 are allowed") { try await run.signal("go", huge) }
            await expect(.notFound, "has no step \"gone\"") { try await run.skip("gone") }
            await expect(.invalidArgument, "is no place in a list of runs") {
                _ = try await rig.penstock.runs(after: "somewhere")
            }
            try await run.cancel()
        }
    }

    // MARK: G19

    @Test("G19: pictures of a workflow and of a run's present state, in four directions")
    func pictures() async throws {
        let flow = try Workflow("picture", input: NoInput.self) { flow in
            let first = flow.step("first") { _, _ in }
            flow.signal("go", of: Int.self, after: first)
        }
        for direction in DiagramDirection.allCases {
            #expect(flow.mermaid(direction: direction).contains("flowchart \(direction.rawValue)"))
        }
        try await withWorkflows {
            $0.handle(flow)
        } _: { rig in
            let run = try await rig.penstock.start(flow).run
            _ = try await rig.waits(run, "go")
            let picture = try await run.mermaid()
            #expect(picture.contains("succeeded") && picture.contains("in progress"), "\(picture)")
            #expect(try await rig.penstock.mermaid(workflow: "picture") == flow.mermaid())
            try await run.cancel()
        }
    }
}

extension Rig {
    /// All that Redis has, as text.
    func everything() async throws -> String {
        var text = ""
        for key in (try await command("KEYS", "*").array ?? []).compactMap(\.text) where !key.contains(":sent:") {
            let type = try await command("TYPE", key).text
            let content =
                switch type {
                case "hash": try await command("HGETALL", key)
                case "list": try await command("LRANGE", key, "0", "-1")
                case "set": try await command("SMEMBERS", key)
                case "zset": try await command("ZRANGE", key, "0", "-1")
                case "stream": try await command("XRANGE", key, "-", "+")
                default: try await command("GET", key)
                }
            text += "\(key): \(Self.text(content))\n"
        }
        return text
    }

    private static func text(_ reply: RedisReply) -> String {
        if let items = reply.array { return items.map { text($0) }.joined(separator: " ") }
        return reply.bytes.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
