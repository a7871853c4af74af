// A worker in a process of its own, for tests that stop and kill it.
//
//     WorkerProcess URL LEDGER CONCURRENCY LEASE_MS [QUEUE]
//
// Each execution appends a line to LEDGER: `begin NUMBER ID ATTEMPT PID MONOTONIC_MS SCHEDULE TICK_MS` (the last two are `-`
// for jobs that no schedule has started), and `end ...` when the handler has returned. A
// job may sleep (`milliseconds`), kill the process (`dies`), or go on until a file exists, deaf to cancellation
// (`until`). Events of the worker are printed as lines; SIGTERM ends it gracefully.

import CTimerCalls
import Foundation
import Glibc
import Logging
import Penstock
import PenstockRuntime
import ServiceLifecycle

struct LedgerJob: Job {
    static let name = "ledger"
    var number: Int
    var milliseconds = 0
    var dies = false
    var until: String?
}

func say(_ line: String) {
    // One write, so that lines of several threads do not mix.
    let bytes = Array((line + "\n").utf8)
    _ = write(1, bytes, bytes.count)
}

/// `CommandLine.arguments` is empty where libfaketime is loaded: the runtime looks for them beside `environ`, which that
/// library replaces.
func commandLine() -> [String] {
    guard let file = fopen("/proc/self/cmdline", "r") else { return CommandLine.arguments }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = fread(&bytes, 1, bytes.count, file)
    return bytes[..<count].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
}

keep_timers_real()
let arguments = commandLine()
guard arguments.count >= 5, let concurrency = Int(arguments[3]), let lease = Int(arguments[4]) else {
    say("usage: WorkerProcess URL LEDGER CONCURRENCY LEASE_MS [QUEUE]")
    exit(64)
}
let ledger = open(arguments[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
let penstock = try Penstock(.init(url: arguments[1], namespace: "t"), logger: Logger(label: "worker-process"))
var options = Worker.Options()
options.lease = .milliseconds(lease)
options.shutdownGrace = .seconds(5)
options.cancellationGrace = .seconds(5)
options.retry = .fixed(.milliseconds(20), attempts: 3)
let worker = Worker(
    penstock, queues: [arguments.count > 5 ? arguments[5] : "default"], concurrency: concurrency, options: options
) { event in
    switch event {
    case .registered(let name): say("registered \(name)")
    case .claimed(let ids): say("claimed \(ids.count)")
    case .refused(let ids): say("refused \(ids.map(\.rawValue).joined(separator: " "))")
    case .confirmed(let ids): say("confirmed \(ids.count)")
    case .incarnationLost(let name): say("lost \(name)")
    case .interrupted(let id, _): say("interrupted \(id)")
    case .stopped: say("stopped")
    case .idle, .declared, .committed: break
    }
}
worker.handle(LedgerJob.self) { job, context in
    func note(_ what: String) {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let moment = time.tv_sec * 1000 + time.tv_nsec / 1_000_000
        let tick =
            context.tick.map { "\($0.schedule) \(Int64(($0.moment.timeIntervalSince1970 * 1000).rounded()))" } ?? "- -"
        let line = Array(
            "\(what) \(job.number) \(context.id) \(context.attempt) \(getpid()) \(moment) \(tick)\n".utf8)
        _ = write(ledger, line, line.count)
    }
    note("begin")
    if job.dies { kill(getpid(), SIGKILL) }
    // Sleeps because: it is the job's work.
    if job.milliseconds > 0 { try await Task.sleep(for: .milliseconds(job.milliseconds)) }
    if let path = job.until {
        // A task of its own, so that cancellation does not reach it.
        await Task {
            while access(path, F_OK) != 0 {
                // Sleeps because: the file cannot announce itself.
                try? await Task.sleep(for: .milliseconds(10))
            }
        }.value
    }
    note("end")
}

let group = ServiceGroup(
    configuration: .init(
        services: [.init(service: worker)], gracefulShutdownSignals: [.sigterm],
        logger: Logger(label: "worker-process")))
try await group.run()
say("statistics refused=\(worker.statistics.refused) completed=\(worker.statistics.completed)")
await penstock.shutdown()
