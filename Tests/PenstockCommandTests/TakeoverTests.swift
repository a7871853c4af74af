import EmbeddedRedis
import Foundation
import Penstock
import PenstockTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct TakeoverTests {
    /// Two workers, one killed half-way. 600 jobs, or 5,000 with PENSTOCK_LONG_TESTS=1.
    @Test func `a killed worker's jobs are taken over, and only they run twice`() async throws {
        try await Workshop.open { shop in
            let count = ProcessInfo.processInfo.environment["PENSTOCK_LONG_TESTS"] == nil ? 600 : 5_000
            let concurrency = 4
            let jobs = (0..<count).map { number in
                Penstock.RawJob(
                    kind: "checksum", payload: Array("payload \(number)".utf8),
                    options: .init(tenant: "t\(number % 3)", retention: .seconds(600)))
            }
            let ids = try await shop.client.enqueue(raw: jobs).map(\.id)
            // Each run leaves a line: short writes at the end of a file do not mix.
            let script = try shop.script("sum", "echo $PENSTOCK_JOB_ID $PPID >> runs; exec sha256sum")
            let arguments = [
                "worker", "--lease", "1500ms", "--concurrency", "\(concurrency)", "--drain", "--json", "--exec", script,
            ]
            try await shop.withPenstock(arguments) { survivor in
                try await shop.withPenstock(arguments) { victim in
                    try await eventually("half of the jobs to be done", within: .seconds(60)) {
                        try await shop.queue().completed >= count / 2
                    }
                    victim.signal(SIGKILL)
                    #expect(try await victim.exit() == .signal(SIGKILL))
                }
                #expect(try await survivor.exit(within: .seconds(60)) == .code(0))
            }
            let sums = try await checksums(of: (0..<count).map { "payload \($0)" })
            for (id, sum) in zip(ids, sums) {
                let result = try await shop.client.status(id).result ?? []
                #expect(String(decoding: result.prefix(64), as: UTF8.self) == sum)
            }
            let queue = try await shop.queue()
            #expect(queue.completed == count && queue.dead == 0 && queue.retried == 0 && queue.running == 0)
            let runs = String(decoding: readFile("\(shop.folder)/runs") ?? [], as: UTF8.self).split(separator: "\n")
            // Of each line the job, and the worker that was its parent.
            let workers = Dictionary(grouping: runs.map { $0.split(separator: " ") }) { $0[0] }
            #expect(Set(workers.keys) == Set(ids.map { $0.rawValue[...] }))
            // What ran twice, ran once with the victim and once with the survivor.
            for (id, lines) in workers where lines.count > 1 {
                #expect(lines.count == 2 && Set(lines.map { $0.last }).count == 2, "\(id): \(lines)")
            }
            // What the victim had claimed and not begun ran once, elsewhere. Of each slot, what it ran and what had ended
            // in it without being committed yet may have run twice.
            #expect(runs.count - count <= min(2 * concurrency, queue.recovered))
            #expect(try await shop.client.workers().isEmpty)
            // Nothing is held, nothing waits, and no key is left but those that the storage notes name.
            let findings = try await KeyspaceAudit.check(shop.client.store)
            #expect(findings.isEmpty, "\(findings)")
        }
    }

    @Test func `a full Redis refuses new jobs clearly, and its workers drain it`() async throws {
        try await Workshop.open(.init(maxMemory: 8 << 20)) { shop in
            let line = "\"" + String(repeating: "x", count: 4_000) + "\""
            let file = try shop.file("many.jsonl", String(repeating: line + "\n", count: 4_000))
            let ended = try await shop.penstock("enqueue", "k", "--jsonl", file, "--json").expect(1)
            let error = try JSONValue(ended.errorText)["error"]
            #expect(error["code"].string == "out_of_memory")
            #expect(error["message"].string?.contains("maxmemory") == true)
            let ready = try await shop.queue().ready
            #expect(ready > 0 && ready % 1_000 == 0)
            try await shop.penstock("queue", "purge", "default").expect()
            try await shop.penstock("enqueue", "k").expect()
            let worker = try await shop.penstock("worker", "--drain", "--json", "--exec", "cat").expect()
            #expect(try worker.json()["completed"].int == 1)
        }
    }

    private func checksums(of texts: [String]) async throws -> [String] {
        try await withTemporaryDirectory { folder in
            for (number, text) in texts.enumerated() {
                let file = try #require(fopen("\(folder)/\(1_000_000 + number)", "we"))
                fputs(text, file)
                fclose(file)
            }
            let sums = try await Workshop.run("/bin/sh", "-c", "cd \(folder) && sha256sum *")
            return sums.map { String($0.prefix(64)) }
        }
    }
}
