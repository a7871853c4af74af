import EmbeddedRedis
import Foundation
import Glibc

/// Redis is killed and comes back with what it wrote.
struct ServerKilled: InjectedFault {
    let fsync: EmbeddedRedis.AppendFsync
    var name: String { "redis-killed-\(fsync.rawValue)" }
    var words: String { "SIGKILL to Redis and a restart, appendfsync \(fsync.rawValue), three times" }
    var plan: Plan { Plan(fsync: fsync) }

    func inject(_ stage: Stage) async throws {
        for _ in 0..<3 {
            let before = Moment.now
            await stage.redis.kill()
            // An answer may take its time to whoever notes it.
            let after = Moment.now + 100
            try await stage.redis.restart()
            // A process that is killed loses nothing that it has handed to the kernel; but while an fsync is slow, Redis puts
            // writing off for up to two seconds, and answers all the same.
            if fsync == .everysec {
                stage.allowance.forgotten = min(stage.allowance.forgotten?.lowerBound ?? .max, before - 2000)...after
            }
            try await stage.someTime(700...1500)
        }
    }
}

/// The last of what Redis wrote is gone, as after the loss of power.
struct TailTruncated: InjectedFault {
    let name = "aof-truncated"
    let words =
        "SIGKILL to Redis, and the last half second of its append-only file is cut off, in the middle of an entry"
    var plan: Plan { Plan(fsync: .everysec, redisArguments: ["--aof-load-truncated", "yes"]) }

    func inject(_ stage: Stage) async throws {
        let file = try Self.file(stage)
        // What is in the file now stays, but for an entry that may be half written.
        let (kept, since) = (try Self.size(file), Moment.now)
        try await stage.pause(.milliseconds(500))
        await stage.redis.kill()
        let end = Moment.now + 100
        let cut = min(kept + 3, try Self.size(file))
        guard truncate(file, off_t(cut)) == 0 else { throw SuiteError("cannot cut \(file): errno \(errno)") }
        // Redis writes each entry before it answers, unless an fsync holds it up: then up to 2 s later.
        stage.allowance.forgotten = (since - 50)...end
        try await stage.redis.restart()
    }

    /// The part of the append-only file that grows.
    @MainActor static func file(_ stage: Stage) throws -> String {
        let folder = stage.redis.directory + "/appendonlydir"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        guard let name = names.filter({ $0.hasSuffix(".incr.aof") }).max() else {
            throw SuiteError("no append-only file in \(folder)")
        }
        return folder + "/" + name
    }

    static func size(_ file: String) throws -> Int {
        (try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
    }
}

/// The disk has no room for the append-only file.
///
/// Played by RLIMIT_FSIZE: the server's writes beyond a size fail (EFBIG in place of ENOSPC), which needs no privileges.
struct DiskFull: InjectedFault {
    let fsync: EmbeddedRedis.AppendFsync
    var name: String { "disk-full-\(fsync.rawValue)" }
    var words: String {
        "no room for the append-only file, appendfsync \(fsync.rawValue): "
            + (fsync == .always
                ? "Redis ends, and is started when there is room" : "Redis refuses writes until there is")
    }
    var plan: Plan { Plan(fsync: fsync, ignoresSizeSignal: true) }

    func inject(_ stage: Stage) async throws {
        let size = try TailTruncated.size(try TailTruncated.file(stage))
        try await limit(stage, String(size + 20_000))
        if fsync == .always {
            try await stage.wait(for: "Redis to end") { !stage.redis.isRunning }
        } else {
            try await stage.wait(for: "writes to be refused") {
                try await stage.command("INFO", "persistence").text?.contains("aof_last_write_status:err") == true
            }
            try await stage.pause(.seconds(3))
        }
    }

    func heal(_ stage: Stage) async throws {
        // A new process has no such limit.
        if fsync == .always { return try await stage.redis.restart() }
        try await limit(stage, "unlimited")
        try await stage.wait(for: "writes to be taken") {
            try await stage.command("INFO", "persistence").text?.contains("aof_last_write_status:ok") == true
        }
    }

    /// The soft limit of the size of files that the server may write.
    @MainActor private func limit(_ stage: Stage, _ bytes: String) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
        process.arguments = ["--pid", String(stage.redis.pid), "--fsize=\(bytes):"]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw SuiteError("prlimit ended with \(process.terminationStatus)")
        }
    }
}
