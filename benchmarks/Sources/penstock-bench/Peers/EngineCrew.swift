import Foundation

/// Processes of an engine beside a measured Redis, and the files in which its workers count their jobs.
struct EngineCrew {
    let engine: Engine
    private let stage: Stage
    private let folder: URL
    private var workers: [ChildProcess] = []

    /// Runs `body`, and kills what it has started. The files are in the server's directory, and go with it.
    static func with<T>(
        _ engine: Engine, _ stage: Stage, _ body: (inout EngineCrew) async throws -> T
    ) async throws -> T {
        let folder = URL(fileURLWithPath: stage.server.directory).appendingPathComponent("engine")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var crew = EngineCrew(engine: engine, stage: stage, folder: folder)
        defer { for worker in crew.workers { worker.kill() } }
        return try await body(&crew)
    }

    // MARK: Processes

    /// Starts workers, and returns when they wait for jobs.
    mutating func start(_ count: Int, _ setting: String) async throws {
        for number in 0..<count { workers.append(try child(["worker", setting], "worker-\(number)")) }
        try await stage.until("the workers of \(engine.name) are ready", every: .milliseconds(20)) {
            try check()
            return try files("ready").count == count
        }
        // Some say so a moment before they wait.
        try await Task.sleep(for: .seconds(1))
    }

    /// Runs a producer to its end.
    func produce(_ role: String, _ numbers: Int...) async throws {
        let producer = try child([role] + numbers.map(String.init), role)
        defer { producer.kill() }
        try await stage.until("\(engine.name) has ended `\(role)`", every: .milliseconds(20)) { !producer.isRunning }
        guard producer.status == 0 else { throw failure("`\(role)`", said: role) }
    }

    private func child(_ role: [String], _ log: String) throws -> ChildProcess {
        let path = folder.appendingPathComponent("\(log).log").path
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let output = FileHandle(forWritingAtPath: path)
        else { throw BenchmarkError("\(path) cannot be written") }
        let places = ["PEER_REDIS": stage.server.socketPath, "PEER_TALLY": folder.path]
        return try ChildProcess(
            engine.command + role, engine.environment.merging(places) { $1 }, output: output)
    }

    /// Throws if a worker has ended by itself.
    func check() throws {
        for (number, worker) in workers.enumerated() where !worker.isRunning {
            throw failure("a worker", said: "worker-\(number)")
        }
    }

    private func failure(_ what: String, said log: String) -> BenchmarkError {
        let text = try? String(contentsOf: folder.appendingPathComponent("\(log).log"), encoding: .utf8)
        return BenchmarkError("\(what) of \(engine.name) has failed: \((text ?? "").suffix(600))")
    }

    // MARK: Counts

    private func files(_ kind: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("\(kind)-") }
    }

    private func lines(_ kind: String) throws -> [[Double]] {
        try files(kind).flatMap { name in
            try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8).split(separator: "\n")
                .map { line in line.split(separator: " ").compactMap { Double($0) } }
        }
    }

    /// Jobs that were started, and the seconds from the first start to the last.
    func tally() throws -> (jobs: Int, seconds: Double) {
        let tallies = try lines("tally").filter { $0.count == 3 && $0[2] > 0 }
        guard let first = tallies.map({ $0[0] }).min(), let last = tallies.map({ $0[1] }).max() else { return (0, 0) }
        return (tallies.reduce(0) { $0 + Int($1[2]) }, (last - first) / 1_000_000)
    }

    /// Microseconds from the enqueue of each stamped job to its start.
    func starts() throws -> [Double] { try lines("starts").compactMap(\.first) }
}
