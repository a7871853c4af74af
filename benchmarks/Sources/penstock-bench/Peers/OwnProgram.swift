import ArgumentParser
import Foundation
import Penstock
import Synchronization

/// Ours as one of the engines side by side: the same roles, and the same files, as the programs in `benchmarks/peers`.
struct OwnProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "own-program", shouldDisplay: false)

    @Argument var format: DrainFormat
    @Argument var role: String
    @Argument var numbers: [Int] = []

    func run() async throws {
        guard role != "version" else { return print("Penstock \(try output(of: [Command.path, "--version"]))") }
        let environment = ProcessInfo.processInfo.environment
        guard let socket = environment["PEER_REDIS"], let folder = environment["PEER_TALLY"] else {
            throw ValidationError("PEER_REDIS and PEER_TALLY are not set")
        }
        let penstock = try Penstock(.init(url: "unix://\(socket)", namespace: Stage.namespace), logger: Plan.logger)
        switch (role, numbers.count) {
        case ("fill", 1): try await fill(penstock, numbers[0])
        case ("pace", 3): try await pace(penstock, numbers[0], numbers[1], perSecond: numbers[2])
        case ("worker", 1): try await work(penstock, numbers[0], Tally(URL(fileURLWithPath: folder)))
        default: throw ValidationError("there is no \(role) with \(numbers.count) numbers")
        }
        await penstock.shutdown()
    }

    /// A thousand a call.
    private func fill(_ penstock: Penstock, _ jobs: Int) async throws {
        for start in stride(from: 0, to: jobs, by: 1000) {
            let many = start..<min(start + 1000, jobs)
            switch format {
            case .json: try await penstock.enqueue(many: many.map { Noop(id: 1_000_000 + $0) })
            case .raw:
                let job = JobRequest(kind: RawNoop.kind, payload: RawNoop.payload(60))
                try await penstock.enqueue(raw: Array(repeating: job, count: many.count))
            }
        }
    }

    /// One after the other, and each begins at its moment.
    private func pace(_ penstock: Penstock, _ unstamped: Int, _ stamped: Int, perSecond: Int) async throws {
        let start = ContinuousClock.now
        for number in 0..<(unstamped + stamped) {
            try await Task.sleep(until: start + .seconds(1) / perSecond * number, clock: .continuous)
            let isStamped = number >= unstamped
            switch format {
            case .json where isStamped: try await penstock.enqueue(Sent(sent: Tally.now()))
            case .json: try await penstock.enqueue(Noop(id: 1_000_000))
            case .raw:
                let text = isStamped ? "\(Tally.now())" : ""
                let payload = Array(text.utf8) + RawNoop.payload(60 - text.utf8.count)
                try await penstock.enqueue(raw: [JobRequest(kind: RawNoop.kind, payload: payload)])
            }
        }
    }

    private func work(_ penstock: Penstock, _ slots: Int, _ tally: Tally) async throws {
        endWithInput()
        let worker = Worker(penstock, queues: ["default"], concurrency: slots)
        worker.handle(Noop.self) { _, _ in tally.note() }
        worker.handle(Sent.self) { job, _ in tally.note(sent: job.sent) }
        worker.handle(kind: RawNoop.kind) { payload, _ in
            let digits = payload.prefix { $0 != UInt8(ascii: "x") }
            tally.note(sent: digits.isEmpty ? nil : Int64(String(decoding: digits, as: UTF8.self)))
            return nil
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            group.addTask { try await tally.write() }
            // Once it has signed on.
            while try await !penstock.workers().contains(where: { $0.pid == Int(getpid()) }) {
                try await Task.sleep(for: .milliseconds(10))
            }
            try tally.ready()
            try await group.waitForAll()
        }
    }
}

extension DrainFormat: ExpressibleByArgument {}

/// 60 bytes of JSON with the moment of its making, in microseconds of wall time.
private struct Sent: Job {
    static let name = "sent"
    var sent: Int64
    var name = "abcdefghijklmnopqrstuvw"
}

/// Counts the jobs of this process, and writes the counts to files ten times a second, as `benchmarks/peers/tally.py` says.
private final class Tally: Sendable {
    private struct Counts {
        var first: Int64 = 0
        var last: Int64 = 0
        var count = 0
        var starts: [Int64] = []
    }

    private let counts = Mutex(Counts())
    private let folder: URL

    init(_ folder: URL) { self.folder = folder }

    /// Microseconds of wall time.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// The first line of every handler.
    func note(sent: Int64? = nil) {
        let now = Self.now()
        counts.withLock { counts in
            if counts.count == 0 { counts.first = now }
            counts.last = now
            counts.count += 1
            if let sent { counts.starts.append(now - sent) }
        }
    }

    func ready() throws { try Data().write(to: file("ready")) }

    func write() async throws {
        var written = 0
        while !Task.isCancelled {
            try await Task.sleep(for: .milliseconds(100))
            let known = written
            // Starts are written when no job has come for a moment, so that the writing is in no measurement.
            let (counts, starts) = counts.withLock { counts in
                let starts = counts.count == known ? counts.starts : []
                if counts.count == known { counts.starts = [] }
                return (counts, starts)
            }
            if counts.count != written {
                // As a whole: a reader never sees a part of it.
                let line = "\(counts.first) \(counts.last) \(counts.count)\n"
                try Data(line.utf8).write(to: file("tally"), options: .atomic)
            } else if !starts.isEmpty {
                try Data(starts.map { "\($0)\n" }.joined().utf8).write(to: file("starts"), options: .atomic)
            }
            written = counts.count
        }
    }

    private func file(_ kind: String) -> URL { folder.appendingPathComponent("\(kind)-\(getpid())") }
}
