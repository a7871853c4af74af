import Foundation
import Penstock

/// Redis forgets its scripts, or drops its clients, again and again.
struct ServerStorm: InjectedFault {
    let name: String
    let words: String
    let command: [String]

    static let all = [
        ServerStorm(name: "script-flush", words: "SCRIPT FLUSH again and again", command: ["SCRIPT", "FLUSH"]),
        ServerStorm(
            name: "client-kill", words: "CLIENT KILL of all clients again and again",
            command: ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]),
    ]

    func inject(_ stage: Stage) async throws {
        for _ in 0..<40 {
            _ = try await stage.penstock.store.redis.send(.init(command[0], .init(Array(command.dropFirst()))))
            try await stage.someTime(20...150)
        }
    }
}

/// Redis stands still for longer than the leases; afterwards nobody is taken over.
struct ServerStandstill: InjectedFault {
    let byDebug: Bool
    var name: String { byDebug ? "redis-sleeps" : "redis-stopped" }
    var words: String {
        (byDebug ? "DEBUG SLEEP 10" : "SIGSTOP to Redis for 9 s") + ", longer than the leases: no lease expires"
    }
    var plan: Plan { Plan(lease: 8000) }

    func inject(_ stage: Stage) async throws {
        stage.allowance.keepsLeases = true
        if byDebug {
            // It outlasts the client's patience, and is sent again; the second time comes to nothing.
            _ = try? await stage.command("DEBUG", "SLEEP", "10")
        } else {
            stage.redis.suspend()
            try await stage.pause(.seconds(9))
            stage.redis.resume()
        }
    }
}

/// Redis has no memory left: nothing is enqueued, and what is there is done.
struct MemoryFull: InjectedFault {
    let name = "memory-full"
    let words = "maxmemory is reached: enqueues are refused, workers go on"

    func inject(_ stage: Stage) async throws {
        let start = Moment.now
        try await stage.command("CONFIG", "SET", "maxmemory", String(try await stage.info("memory", "used_memory") / 2))
        try await stage.wait(for: "enqueues to be refused") {
            stage.producers.allSatisfy {
                $0.count(since: start) { $0.what == "fail" && $0.word(2) == "outOfMemory" } > 10
            }
        }
        try await stage.wait(for: "the queue to be drained") {
            let queue = try await stage.penstock.queues([WorkerChild.queue]).first
            return queue.map { $0.ready + $0.limited + $0.running == 0 } ?? false
        }
    }

    func heal(_ stage: Stage) async throws { try await stage.command("CONFIG", "SET", "maxmemory", "0") }
}

/// Ten thousand jobs are due in one millisecond.
struct DueAtOnce: InjectedFault {
    static let count = 10_000
    let name = "due-at-once"
    let words = "10,000 jobs are due in the same millisecond"

    func inject(_ stage: Stage) async throws {
        let due = Date().addingTimeInterval(4)
        for part in stride(from: 0, to: Self.count, by: 1000) {
            let jobs = (part..<part + 1000).map { Work(key: "due\($0)") }
            for job in jobs { stage.note("invoke", "job", job.key) }
            let answers = try await stage.penstock.enqueue(many: jobs, .init(queue: WorkerChild.queue, at: due))
            for (job, answer) in zip(jobs, answers) { stage.note("ok", "job", job.key, answer.id.rawValue) }
        }
        try await stage.wait(for: "all of them to be done", within: .seconds(60)) {
            stage.workers.reduce(0) { $0 + $1.count { $0.what == "effect" && $0.word(0).hasPrefix("due") } }
                >= Self.count
        }
    }
}
