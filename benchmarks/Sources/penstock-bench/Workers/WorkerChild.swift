import Foundation

/// A worker process that runs until it is killed, or until this process ends.
final class WorkerChild: Sendable {
    struct Options: Sendable {
        var queues = "default"
        var slots: Int?
        /// Seconds; nil for the worker's own default.
        var lease: Int?
    }

    private let process: ChildProcess

    init(url: String, _ options: Options = .init()) throws {
        var command = [
            ownPath, "worker-process", "--redis", url, "--queues", options.queues, "--concurrency",
            "\(options.slots ?? 64)",
        ]
        if let lease = options.lease { command += ["--lease", "\(lease)"] }
        process = try ChildProcess(command)
    }

    var pid: Int32 { process.pid }
    var isRunning: Bool { process.isRunning }

    func kill() { process.kill() }

    /// What it has used so far, in microseconds; to 10 ms.
    func cpu() throws -> Double {
        let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = stat.split(separator: " ")
        guard fields.count > 14, let user = Double(fields[13]), let system = Double(fields[14]) else {
            throw BenchmarkError("/proc/\(pid)/stat has no times")
        }
        return (user + system) * 10_000
    }

    /// Resident memory in MB: `VmRSS` now, `VmHWM` at its highest.
    func memory(_ field: String) throws -> Double {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(field) }),
            let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap({ Double($0) }).first
        else { throw BenchmarkError("/proc/\(pid)/status has no \(field)") }
        return kilobytes / 1024
    }
}

/// Worker processes that work together.
struct Crew {
    let children: [WorkerChild]

    init(_ count: Int, url: String, _ options: WorkerChild.Options) throws {
        children = try (0..<count).map { _ in try WorkerChild(url: url, options) }
    }

    func cpu() throws -> Double { try children.reduce(0) { $0 + (try $1.cpu()) } }

    /// That of the one that has the most.
    func memory(_ field: String = "VmRSS") throws -> Double {
        try children.map { try $0.memory(field) }.max() ?? 0
    }

    /// Throws if one has ended by itself.
    func check() throws {
        guard children.allSatisfy(\.isRunning) else { throw BenchmarkError("a worker process has ended") }
    }

    func kill() {
        for child in children { child.kill() }
    }
}
