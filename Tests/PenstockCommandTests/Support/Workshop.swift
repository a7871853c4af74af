import EmbeddedRedis
import Glibc
import Penstock
import PenstockTesting
import Testing

/// A private Redis, the real command `penstock` against it, and a client to look behind it.
struct Workshop {
    let redis: EmbeddedRedis
    let client: Penstock
    /// For scripts and files of the test; where the command runs.
    let folder: String

    static let namespace = "test"

    static func open(_ options: EmbeddedRedis.Options = .init(), _ body: (Workshop) async throws -> Void) async throws {
        try await EmbeddedRedis.withRedis(options) { redis in
            try await withTemporaryDirectory { folder in
                let client = try Penstock(.init(url: redis.url, namespace: namespace))
                do {
                    try await body(Workshop(redis: redis, client: client, folder: folder))
                    await client.shutdown()
                } catch {
                    await client.shutdown()
                    throw error
                }
            }
        }
    }

    static func environment(url: String?) -> [String: String?] {
        ["PENSTOCK_REDIS_URL": url, "PENSTOCK_NAMESPACE": namespace, "NO_COLOR": "1", "TZ": "UTC"]
    }

    var environment: [String: String?] { Self.environment(url: redis.url) }

    /// Runs the command to its end.
    func penstock(_ arguments: String..., input: String = "") async throws -> Ended {
        try await Self.penstock(arguments, input: Array(input.utf8), environment: environment, directory: folder)
    }

    static func penstock(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String?], directory: String? = nil
    ) async throws -> Ended {
        try await TestProcess.withProcess(
            penstockProgram(), arguments, environment: environment, directory: directory, input: input,
            // JSON is one line, however long.
            bounds: .init(bytesPerLine: 4 << 20)
        ) { process in
            let exit = try await process.exit(within: .seconds(60))
            try await process.output.end()
            try await process.errorOutput.end()
            return Ended(
                arguments: arguments, exit: exit, output: process.output.lines, errors: process.errorOutput.lines)
        }
    }

    /// Runs any program to its end; the lines that it printed.
    static func run(_ program: String, _ arguments: String...) async throws -> [String] {
        try await TestProcess.withProcess(program, arguments) { process in
            #expect(try await process.exit() == .code(0))
            try await process.output.end()
            return process.output.lines
        }
    }

    /// Runs the command as long as `body` runs.
    func withPenstock(_ arguments: [String], _ body: (TestProcess) async throws -> Void) async throws {
        try await TestProcess.withProcess(
            penstockProgram(), arguments, environment: environment, directory: folder
        ) { try await body($0) }
    }

    /// A script in the test's folder; its path.
    func script(_ name: String, _ lines: String) throws -> String {
        let path = try file(name, "#!/bin/sh\n\(lines)\n")
        try #require(chmod(path, 0o755) == 0)
        return path
    }

    /// A file in the test's folder; its path.
    func file(_ name: String, _ text: String) throws -> String {
        let path = "\(folder)/\(name)"
        let file = try #require(fopen(path, "we"))
        defer { fclose(file) }
        let bytes = Array(text.utf8)
        try #require(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        return path
    }

    func queue(_ name: String = "default") async throws -> QueueStatus {
        try #require(try await client.queues([name]).first)
    }

    func id(_ text: String?) throws -> TaskID { try #require(text.flatMap { TaskID($0) }) }

    /// Waits until a job is in a state.
    func reach(_ state: TaskState, _ id: TaskID, within limit: Duration = .seconds(10)) async throws {
        try await eventually("job \(id) to be \(state.rawValue)", within: limit) {
            try await client.status(id).state == state
        }
    }
}

/// What a command left.
struct Ended {
    let arguments: [String]
    let exit: TestProcess.Exit
    let output: [String]
    let errors: [String]

    var text: String { output.joined(separator: "\n") }
    var errorText: String { errors.joined(separator: "\n") }

    /// Standard output, which must be one JSON value on one line.
    func json(_ location: SourceLocation = #_sourceLocation) throws -> JSONValue {
        try #require(output.count == 1, "one line of JSON, not \(output)", sourceLocation: location)
        return try JSONValue(output[0])
    }

    /// Fails unless it ended as expected, with what it said.
    @discardableResult
    func expect(_ code: Int32 = 0, _ location: SourceLocation = #_sourceLocation) -> Ended {
        #expect(exit == .code(code), "\(arguments): \(errorText) \(text)", sourceLocation: location)
        return self
    }
}

/// The program `penstock`, or another one of this package: it lies beside the test bundle.
func penstockProgram(named name: String = "penstock") throws -> String {
    var path = [CChar](repeating: 0, count: 4_096)
    try #require(readlink("/proc/self/exe", &path, 4_095) > 0)
    let own = String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // Depending on the test runner, the running program or one of its arguments is the test bundle.
    for bundle in [own] + CommandLine.arguments {
        let folder = bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let program = (folder + [name[...]]).joined(separator: "/")
        if access(program, X_OK) == 0 { return program }
    }
    return name
}

func readFile(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return bytes
}

/// The number in a file, once it has been written whole, line feed and all.
func number(in path: String) -> Int32? {
    guard let bytes = readFile(path), bytes.last == UInt8(ascii: "\n") else { return nil }
    return Int32(String(decoding: bytes.dropLast(), as: UTF8.self))
}

/// Whether a process runs; a zombie does not.
func isAlive(_ pid: Int32) -> Bool {
    guard let text = readFile("/proc/\(pid)/stat").map({ String(decoding: $0, as: UTF8.self) }),
        let end = text.lastIndex(of: ")")
    else { return false }
    return !["Z", "X"].contains(text[text.index(after: end)...].split(separator: " ").first ?? "X")
}
