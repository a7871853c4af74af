import EmbeddedRedis
import Foundation
import Glibc
import Penstock
import PenstockTesting
import RedisClient

/// Where a fault is played: a private Redis, a proxy in front of it, worker and producer processes behind the proxy, and a client of
/// the suite's own beside it.
@MainActor final class Stage {
    let plan: Plan
    let folder: String
    let program: String
    let seed: UInt64
    var random: SeededRandom
    var allowance = Allowance()
    var redis: EmbeddedRedis
    var replica: EmbeddedRedis?
    /// In front of `redis`, or of what was promoted in its place.
    let proxy: FaultProxy
    /// Between Redis and its replica.
    let replicationProxy: FaultProxy?
    let penstock: Penstock
    private(set) var children: [Child] = []
    private(set) var killed: Set<Int> = []
    /// What is wrong without any ledger.
    var violations: [String] = []
    /// Keys of poison pills: they end as dead letters.
    var poison: Set<String> = []
    /// What to say in the line of the fault.
    var remarks: [String] = []
    /// Codes of findings that the doctor reports and leaves to people, which the fault is about.
    var reported: Set<String> = []
    /// Runs that have been looked at.
    var judged: Set<String> = []
    /// How often workers were given more to do.
    var loads = 0
    private var next = 0
    private var notes: [Record] = []

    private init(
        _ plan: Plan, folder: String, program: String, seed: UInt64, redis: EmbeddedRedis, replica: EmbeddedRedis?,
        proxy: FaultProxy, replicationProxy: FaultProxy?, penstock: Penstock
    ) {
        (self.plan, self.folder, self.program, self.seed) = (plan, folder, program, seed)
        (self.redis, self.replica, self.proxy, self.replicationProxy) = (redis, replica, proxy, replicationProxy)
        self.penstock = penstock
        random = SeededRandom(seed: seed)
    }

    /// A program that starts Redis deaf to SIGXFSZ.
    private static func deafServer(_ folder: String) throws -> String {
        let server = ProcessInfo.processInfo.environment["PENSTOCK_REDIS_SERVER"] ?? "redis-server"
        let path = folder + "/redis-server"
        let text = "#!/bin/sh\ntrap '' XFSZ\nexec '\(server)' \"$@\"\n"
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o700])
        else { throw SuiteError("cannot make \(path)") }
        return path
    }

    static func open(_ plan: Plan, folder: String, program: String, seed: UInt64) async throws -> Stage {
        let redis = try await EmbeddedRedis.start(
            .init(
                directory: plan.fsync == nil ? nil : folder + "/redis", appendFsync: plan.fsync ?? .no,
                extraArguments: ["--enable-debug-command", "local", "--repl-diskless-sync-delay", "0"]
                    + plan.redisArguments, binary: plan.ignoresSizeSignal ? try deafServer(folder) : nil))
        let link = folder + "/redis.sock"
        guard symlink(redis.socketPath, link) == 0 else { throw SuiteError("cannot make \(link): errno \(errno)") }
        let proxy = try await FaultProxy.start(upstream: link)
        var replica: EmbeddedRedis?
        var replicationProxy: FaultProxy?
        if plan.hasReplica {
            let between = try await FaultProxy.start(upstream: redis.socketPath, listeningOn: .loopback)
            replicationProxy = between
            replica = try await EmbeddedRedis.start(
                .init(extraArguments: ["--replicaof", "127.0.0.1", "\(between.port ?? 0)"]))
        }
        let penstock = try Penstock(.init(url: "unix://\(link)", namespace: "t"), logger: WorkerChild.quiet)
        return Stage(
            plan, folder: folder, program: program, seed: seed, redis: redis, replica: replica, proxy: proxy,
            replicationProxy: replicationProxy, penstock: penstock)
    }

    /// Nothing is left running.
    func close() async {
        for child in children { await child.process.finish() }
        await penstock.shutdown()
        await proxy.stop()
        await replicationProxy?.stop()
        await replica?.stop()
        await redis.stop()
    }

    // MARK: Processes

    @discardableResult
    func start(_ role: Child.Role) async throws -> Child {
        let ordinal = next
        next += 1
        let last: [String]
        switch role {
        case .worker: last = [String(plan.lease), plan.edition(ordinal)]
        case .producer: last = [String(seed), plan.hasReplica ? "confirms" : "plain"]
        }
        let process = try await TestProcess.start(
            program, [role.rawValue, proxy.url, folder, String(ordinal)] + last,
            environment: plan.environment(ordinal))
        let child = Child(role, ordinal, process, folder: folder)
        children.append(child)
        return child
    }

    var workers: [Child] { children.filter { $0.role == .worker && $0.isAlive } }
    var producers: [Child] { children.filter { $0.role == .producer && $0.isAlive } }

    /// One of the workers that live.
    func anyWorker() throws -> Child {
        guard let child = workers.randomElement(using: &random) else { throw SuiteError("no worker lives") }
        return child
    }

    /// Puts another worker in the place of each that was killed, as whoever runs them would. What ended in another way is a
    /// violation.
    func replaceKilled() async throws {
        for child in children where !child.isAlive && !killed.contains(child.ordinal) {
            if child.process.exitNow == .signal(SIGKILL) {
                killed.insert(child.ordinal)
                if child.role == .worker { try await start(.worker) }
            } else if child.process.exitNow != .code(0) || child.role == .worker {
                killed.insert(child.ordinal)
                violations.append(
                    "\(child.role.rawValue) \(child.ordinal) ended by itself: \(child.process.exitNow.map { "\($0)" } ?? "") "
                        + child.process.errorOutput.lines.suffix(3).joined(separator: " / "))
            }
        }
    }

    func refresh() throws { for child in children { try child.refresh() } }

    var workerRecords: [Record] { children.filter { $0.role == .worker }.flatMap(\.records) }
    var producerRecords: [Record] { children.filter { $0.role == .producer }.flatMap(\.records) + notes }

    /// An operation of the suite's own, noted as those of producers are.
    func note(_ what: String, _ words: String...) { notes.append(Record(what, at: Moment.now, process: -1, words)) }

    // MARK: Asking and telling

    /// A part of a trial; what takes long is told.
    func phase<Value>(_ what: String, _ body: () async throws -> Value) async throws -> Value {
        let start = ContinuousClock.now
        let value = try await body()
        let took = ContinuousClock.now - start
        if took > .seconds(10) { remarks.append("\(what) \(took.components.seconds) s") }
        return value
    }

    /// Lays down or takes away a file that a worker process looks for.
    func harm(_ child: Child, _ what: String, _ isWanted: Bool = true) throws {
        let file = Harm(folder: folder, ordinal: child.ordinal).file(what)
        if isWanted {
            guard FileManager.default.createFile(atPath: file, contents: nil) else {
                throw SuiteError("cannot make \(file)")
            }
        } else {
            unlink(file)
        }
    }

    /// A plain command to Redis, past the proxy.
    @discardableResult
    func command(_ name: String, _ arguments: String...) async throws -> RedisReply {
        try await penstock.store.redis.send(RedisCommand(name, RedisArguments(arguments)))
    }

    /// A field of what Redis tells of itself.
    func info(_ section: String, _ field: String) async throws -> Int {
        let text = try await command("INFO", section).text ?? ""
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(field + ":") }
        return line.flatMap { Int($0.dropFirst(field.count + 1)) } ?? 0
    }

    /// Waits while the workload goes on; those who were killed are replaced meanwhile.
    func pause(_ duration: Duration) async throws {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end {
            // Sleeps because: the fault lasts so long.
            try await Task.sleep(for: min(.milliseconds(50), end - .now))
            try await replaceKilled()
        }
    }

    /// A moment of the workload, drawn from the seed.
    func someTime(_ range: ClosedRange<Int> = 100...900) async throws {
        try await pause(.milliseconds(Int.random(in: range, using: &random)))
    }

    /// Waits for what processes have written or Redis tells; those who were killed are replaced meanwhile.
    func wait(
        for what: String, within limit: Duration = .seconds(30), until condition: () async throws -> Bool
    ) async throws {
        try await eventually(what, within: limit, retryingErrors: true) {
            // Looks every 50 ms.
            try await pause(.milliseconds(50))
            try refresh()
            return try await condition()
        }
    }

    /// Makes whoever comes next meet another server.
    func turn(to server: EmbeddedRedis) throws {
        let link = folder + "/redis.sock"
        unlink(link)
        guard symlink(server.socketPath, link) == 0 else { throw SuiteError("cannot make \(link): errno \(errno)") }
    }
}
