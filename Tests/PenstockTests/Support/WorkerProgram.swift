import Glibc
import Penstock
import PenstockTesting
import Testing

/// The job of the program WorkerProcess, which see.
struct LedgerJob: Job {
    static let name = "ledger"
    var number: Int
    var milliseconds = 0
    var dies = false
    var until: String?
}

/// The program WorkerProcess, which lies beside the test bundle.
enum WorkerProgram {
    static func path() throws -> String {
        var buffer = [CChar](repeating: 0, count: 4_096)
        try #require(readlink("/proc/self/exe", &buffer, 4_095) > 0)
        let own = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // Depending on the test runner, the running program or one of its arguments is the test bundle.
        for bundle in [own] + CommandLine.arguments {
            let folder = bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            let program = (folder + ["WorkerProcess"]).joined(separator: "/")
            if access(program, X_OK) == 0 { return program }
        }
        return "WorkerProcess"
    }

    @discardableResult
    static func run<Result>(
        _ rig: Rig, ledger: Ledger, concurrency: Int = 4, lease: Duration = .milliseconds(1500), url: String? = nil,
        environment: [String: String?] = [:],
        isolation: isolated (any Actor)? = #isolation,
        _ body: (TestProcess) async throws -> Result
    ) async throws -> Result {
        let arguments = [url ?? rig.redis.url, ledger.path, String(concurrency), String(lease.milliseconds)]
        return try await TestProcess.withProcess(try path(), arguments, environment: environment) { process in
            let result = try await body(process)
            if process.exitNow == nil {
                process.signal(SIGCONT)
                process.signal(SIGTERM)
                #expect(try await process.exit() == .code(0))
            }
            return result
        }
    }
}

/// What worker processes wrote, line by line.
struct Ledger: Sendable {
    struct Entry: Sendable {
        var isEnd: Bool
        var number: Int
        var id: String
        var attempt: Int
        var pid: Int32
        /// Of the monotonic clock, in milliseconds.
        var at: Int64
        /// Of a job that a schedule has started.
        var schedule: String?
        var tick: Int64?
    }

    let path: String

    init(in directory: String) { path = directory + "/ledger" }

    var entries: [Entry] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 8, let number = Int(words[1]), let attempt = Int(words[3]), let pid = Int32(words[4]),
                let at = Int64(words[5])
            else { return nil }
            return Entry(
                isEnd: words[0] == "end", number: number, id: String(words[2]), attempt: attempt, pid: pid, at: at,
                schedule: words[6] == "-" ? nil : String(words[6]), tick: Int64(words[7]))
        }
    }

    /// How often each job was begun.
    var begun: [Int: Int] { entries.reduce(into: [:]) { if !$1.isEnd { $0[$1.number, default: 0] += 1 } } }
    var ended: Set<Int> { Set(entries.lazy.filter(\.isEnd).map(\.number)) }
}
