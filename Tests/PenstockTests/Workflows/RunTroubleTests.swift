import Penstock
import PenstockTesting
import Testing

/// Trouble of Redis is no failure of a run.
@Suite("Runs and a Redis in trouble", .timeLimit(.minutes(10))) struct RunTroubleTests {
    @Test("a step that cannot read an output because its connection breaks is done again, uncounted")
    func lostRead() async throws {
        try await Rig.with { rig in
            try await FaultProxy.withProxy(to: rig.redis) { proxy in
                let journal = Journal()
                let flow = try Workflow("reads", input: NoInput.self) { flow in
                    let first = flow.step("first") { _, _ in 7 }
                    let second = flow.step("second", after: first) { _, _ in }
                    return flow.step("third", after: second, retry: .never) { _, context in
                        journal.note("third")
                        // Not what it waits for, so it is read when asked for.
                        if journal.count("third") == 1 { proxy.apply(.dropReply(), to: .sequence(["o:first"])) }
                        return try await context[first] * 2
                    }
                }
                let worker = try Rig.client(proxy.url)
                try await RunningWorker.with(worker, prepare: { $0.handle(flow) }) { _ in
                    let output = try await rig.penstock.start(flow).output()
                    #expect(output == 14)
                }
                await worker.shutdown()
                #expect(journal.count("third") == 2)
                #expect(try await KeyspaceAudit.check(rig.penstock.store) == [])
            }
        }
    }

    @Test("a client and a worker that know a workflow make it known again to a Redis that was emptied")
    func emptied() async throws {
        let flow = try Workflow("emptied", input: NoInput.self) { flow in
            flow.step("only") { _, _ in }
        }
        try await Rig.with { rig in
            try await RunningWorker.with(rig.penstock, prepare: { $0.handle(flow) }) { worker in
                try await worker.started()
                _ = try await rig.penstock.start(flow).output()
                try await rig.command("FLUSHALL")
                // It finds out that it is not known any more.
                try await worker.started()
                let known = try await rig.penstock.workflows().map(\.name)
                #expect(known == ["emptied"])
                _ = try await rig.penstock.start(flow).output()
            }
            try await rig.command("FLUSHALL")
            // Without any worker.
            let run = try await rig.penstock.start(flow).run
            #expect(try await run.status().state == .running)
        }
    }
}
