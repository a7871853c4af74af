import Glibc
import Penstock
import PenstockTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct WorkerShutdownTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func `a signal lets running jobs end and claims no more`(signal: Int32) async throws {
        try await Workshop.open { shop in
            let script = try shop.script("until", "touch begun; while [ ! -e go ]; do sleep 0.02; done; echo done")
            let running = try await shop.client.enqueue(kind: "k", payload: [], .init(retention: .seconds(600))).id
            try await shop.withPenstock(["worker", "--concurrency", "1", "--json", "--exec", script]) { worker in
                // Claimed is not enough: what has not begun is handed back.
                try await eventually("the program to run") { readFile("\(shop.folder)/begun") != nil }
                worker.signal(signal)
                try await worker.errorOutput.line("the answer to the signal") { $0.contains("running jobs may end") }
                let later = try await shop.client.enqueue(kind: "k", payload: []).id
                _ = try shop.file("go", "")
                #expect(try await worker.exit() == .code(0))
                #expect(try await shop.client.status(running).state == .completed)
                #expect(try await shop.client.status(later).state == .queued)
            }
        }
    }

    @Test func `what does not end within the grace goes back uncounted, and its program is gone`() async throws {
        try await Workshop.open { shop in
            let ids = try await shop.client.enqueue(
                raw: (0..<3).map { _ in Penstock.RawJob(kind: "k", payload: []) }
            ).map(\.id)
            let script = try shop.script("stuck", "echo $$ > pid.$PENSTOCK_JOB_ID; exec sleep 600")
            let arguments = ["worker", "--concurrency", "2", "--grace", "100ms", "--json", "--exec", script]
            try await shop.withPenstock(arguments) { worker in
                try await eventually("two jobs to run") { try await shop.queue().running >= 2 }
                try await eventually("two programs to run") { pids(shop, ids).count == 2 }
                let programs = pids(shop, ids)
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == .code(0))
                let summary = try JSONValue(try #require(worker.output.lines.last))
                #expect(summary["completed"].int == 0 && summary["retried"].int == 0 && summary["dead"].int == 0)
                for pid in programs { try await eventually("program \(pid) to end") { !isAlive(pid) } }
            }
            for id in ids {
                let status = try await shop.client.status(id)
                #expect(status.state == .queued)
                #expect(status.failedAttempts == 0 && status.recoveries == 0 && status.history.isEmpty)
            }
            let queue = try await shop.queue()
            #expect(queue.ready == 3 && queue.running == 0 && queue.retried == 0 && queue.recovered == 0)
        }
    }

    @Test func `a second signal does not wait`() async throws {
        try await Workshop.open { shop in
            let id = try await shop.client.enqueue(kind: "k", payload: []).id
            try await shop.withPenstock(["worker", "--grace", "10m", "--exec", "sleep", "600"]) { worker in
                try await shop.reach(.running, id)
                worker.signal(SIGTERM)
                try await worker.errorOutput.line("the answer to the first signal") { $0.contains("once more") }
                worker.signal(SIGTERM)
                #expect(try await worker.exit(within: .seconds(10)) == .code(0))
                try await worker.errorOutput.line("the summary") { $0.contains("worker done") }
            }
            let status = try await shop.client.status(id)
            #expect(status.state == .queued && status.failedAttempts == 0)
        }
    }

    private func pids(_ shop: Workshop, _ ids: [TaskID]) -> [Int32] {
        ids.compactMap { number(in: "\(shop.folder)/pid.\($0)") }
    }
}
