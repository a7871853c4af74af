import Glibc

/// A worker process dies of SIGKILL at a chosen point of its work, three in turn.
struct WorkerKilled: InjectedFault {
    let point: Harm.Point?

    var name: String {
        switch point {
        case nil: "worker-killed"
        case .claimed: "worker-killed-after-claim"
        case .beforeEffect: "worker-killed-before-effect"
        case .afterEffect: "worker-killed-before-commit"
        }
    }

    var words: String {
        switch point {
        case nil: "SIGKILL to workers at any time"
        case .claimed: "SIGKILL between the reply of a claim and the start of its jobs"
        case .beforeEffect: "SIGKILL in a handler, before its effect"
        case .afterEffect: "SIGKILL in a handler, after its effect and before the commit"
        }
    }

    func inject(_ stage: Stage) async throws {
        for _ in 0..<3 {
            let victim = try stage.anyWorker()
            try await stage.burden()
            if let point {
                try stage.harm(victim, point.rawValue)
            } else {
                try await stage.waitUntilBusy(victim)
                victim.process.signal(SIGKILL)
            }
            try await stage.wait(for: "the death of a worker") { !victim.isAlive }
            try await stage.someTime(50...600)
        }
    }
}

/// A worker process stands still for longer than its lease, and goes on.
struct WorkerStopped: InjectedFault {
    let name = "worker-stopped"
    let words = "SIGSTOP to a worker for longer than its lease, then SIGCONT"
    var plan: Plan { Plan(lease: 2000) }

    func inject(_ stage: Stage) async throws {
        let victim = try stage.anyWorker()
        try await stage.waitUntilBusy(victim)
        victim.process.signal(SIGSTOP)
        try await stage.pause(.milliseconds(stage.plan.lease * 2))
        victim.process.signal(SIGCONT)
        try await stage.wait(for: "the worker to know that it was taken over") {
            victim.records.contains { $0.what == "lost" }
        }
    }
}

/// Handlers of one worker block the threads that all handlers share, or all event loops of the process.
struct WorkerStarved: InjectedFault {
    let loops: Bool
    var name: String { loops ? "event-loop-starved" : "threads-starved" }
    var words: String {
        loops
            ? "a handler blocks all event loops of a worker for longer than its lease"
            : "handlers block all threads of a worker for longer than its lease"
    }
    var plan: Plan { Plan(lease: 2000) }

    func inject(_ stage: Stage) async throws {
        let victim = try stage.anyWorker()
        try await stage.waitUntilBusy(victim)
        if loops {
            try stage.harm(victim, "loops-until")
            try stage.harm(victim, "loops")
        } else {
            try stage.harm(victim, "threads")
        }
        try await stage.pause(.milliseconds(stage.plan.lease * 2))
        try stage.harm(victim, loops ? "loops-until" : "threads", false)
        try stage.harm(victim, "loops", false)
    }
}

/// Jobs that kill whoever begins them: after three workers they are dead letters.
struct PoisonPills: InjectedFault {
    let name = "poison-pills"
    let words = "jobs that kill every worker that begins them"
    var plan: Plan { Plan(lease: 1500) }

    func inject(_ stage: Stage) async throws {
        // Whatever else three of these workers held is set aside as well, and steps fail.
        stage.allowance.failsRuns = true
        for number in 0..<2 {
            let key = "poison\(number)"
            let id = try await stage.penstock.enqueue(
                Work(key: key, isPoison: true), .init(queue: WorkerChild.queue))
            stage.poison.insert(id.id.rawValue)
        }
        try await stage.wait(for: "the poison to be set aside") {
            let dead = try await stage.penstock.deadLetters(queue: WorkerChild.queue)
            return stage.poison.isSubset(of: dead.map(\.id.rawValue))
        }
        let dead = try await stage.penstock.deadLetters(queue: WorkerChild.queue)
        let others = dead.filter { !stage.poison.contains($0.id.rawValue) }
        stage.remarks.append("\(others.count) bystanders dead")
        if dead.contains(where: { $0.recoveries != 3 }) {
            stage.violations.append("dead letters are \(dead.map { "\($0.id) after \($0.recoveries) losses" })")
        }
        try await stage.penstock.discard(dead.filter { stage.poison.contains($0.id.rawValue) }.map(\.id))
        try await stage.penstock.retry(others.map(\.id))
        stage.allowance.revived = Set(others.map(\.id.rawValue))
    }
}
