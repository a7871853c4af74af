import Foundation

/// One of the engines that are measured side by side: how it is run, and where its queue is in Redis.
struct Engine: Sendable {
    /// What its figures begin with.
    let name: String
    /// Its program, which takes a role: `version`, `fill JOBS`, `pace UNSTAMPED STAMPED RATE` or `worker SETTING`.
    let command: [String]
    var environment: [String: String] = [:]
    /// What `worker` is tried with; the best counts.
    let settings: [String]
    /// What it drains in some seconds.
    let jobs: Int
    let gate: Gate
    /// Commands whose answers are numbers; when all are zero, nothing is waiting or running any more.
    let left: [[String]]
    /// What `settings` mean, and what becomes of a job whose worker is killed.
    let note: String

    /// How a full queue is kept from workers that are there already.
    enum Gate: Sendable {
        /// By another name. An engine that waits for more than the key itself is told by `then`.
        case renamed(String, then: [[String]] = [])
        /// By the engine's own pause.
        case paused
    }

    /// Its versions; nil if it is not installed.
    var version: String? {
        guard let program = command.first, FileManager.default.isExecutableFile(atPath: program) else { return nil }
        let words = environment.map { "\($0.key)=\($0.value)" } + command + ["version"]
        return try? output(of: words)
    }
}

// MARK: Which there are

extension Engine {
    /// Ours in both formats, then the peers. What is compared is `penstock_json`: the peers' payloads are JSON too.
    static let all = [json, raw, sidekiq, celery, arq, bullmq]
    static let json = own(.json)
    private static let raw = own(.raw)

    private static func own(_ format: DrainFormat) -> Engine {
        Engine(
            name: "penstock_\(format.rawValue)", command: [ownPath, "own-program", format.rawValue],
            settings: ["32", "64", "128"], jobs: 600_000, gate: .paused, left: [["HLEN", Stage.key("tasks")]],
            note: "tried: slots. Leases, fences, turns of tenants and look-up by id are on. A job of a killed "
                + "worker is run again when its lease ends, at least once; a commit of the worker that lost it "
                + "is refused")
    }

    private static let sidekiq = Engine(
        name: "sidekiq", command: ["/usr/bin/env", "ruby", "--yjit", "\(folder)/sidekiq/peer.rb"],
        settings: ["5", "10", "25"], jobs: 120_000, gate: .renamed("queue:default"), left: [["LLEN", "queue:default"]],
        note: "tried: threads. With YJIT. A job of a killed worker is lost (BRPOP): at most once")

    private static let celery = python(
        "celery", settings: ["solo-1-4", "prefork-1-64", "prefork-2-64"], jobs: 6000, gate: .renamed("celery"),
        left: [["LLEN", "celery"], ["HLEN", "unacked"]],
        note: "tried: pool, its size, messages fetched ahead for each of it. Results are ignored. Early "
            + "acknowledgement, the default: a job that runs in a killed worker is lost, one that was fetched "
            + "comes back after an hour")

    private static let arq = python(
        "arq", settings: ["10-1", "50-1", "100-1"], jobs: 12_000, gate: .renamed("arq:queue"),
        left: [["ZCARD", "arq:queue"]],
        note: "tried: jobs at once, and milliseconds between looks at the queue: as few as make sense, since "
            + "the default, 500, is its latency. Results are not kept. A job of a killed worker is run again "
            + "after its time-out and 10 s: at least once, nothing is fenced")

    private static let bullmq = python(
        "bullmq", settings: ["10", "50", "200"], jobs: 12_000,
        gate: .renamed("bull:peers:wait", then: [["ZADD", "bull:peers:marker", "0", "0"]]),
        left: [["LLEN", "bull:peers:wait"], ["LLEN", "bull:peers:active"]],
        note: "tried: jobs at once. Jobs that have ended are removed. A job of a killed worker is run again "
            + "when it is found stalled, 30 to 60 s later: at least once; its lock's token is checked at the "
            + "end")

    private static func python(
        _ name: String, settings: [String], jobs: Int, gate: Gate, left: [[String]], note: String
    ) -> Engine {
        let installed = "\(folder)/../.build/peers"
        return Engine(
            name: name, command: ["\(installed)/python3", "\(folder)/\(name)/peer.py"],
            environment: ["PYTHONPATH": "\(installed)/\(name):\(folder)", "PYTHONDONTWRITEBYTECODE": "1"],
            settings: settings, jobs: jobs, gate: gate, left: left, note: note)
    }

    /// `benchmarks/peers` of the sources that were built.
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../peers").standardizedFileURL.path
}
