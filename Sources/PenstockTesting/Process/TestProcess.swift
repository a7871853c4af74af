import EmbeddedRedis
import Glibc
import NIOCore
import NIOPosix

/// A program that a test runs: its output in lines, its signals, its end with a deadline, and nothing left of it.
///
///     try await TestProcess.withProcess(penstock, ["worker", "--queue", "mail"]) { worker in
///         try await worker.output.line("the ready line") { $0.contains("ready") }
///         worker.signal(SIGKILL)
///         #expect(try await worker.exit() == .signal(SIGKILL))
///     }
///
/// The program is in a process group of its own, which is killed at the end of the scope, and also when the tests
/// themselves are killed (see `GuardedProcess`). It is not the leader of that group.
public final class TestProcess: Sendable {
    /// How a program ended.
    public enum Exit: Sendable, Equatable {
        case code(Int32)
        case signal(Int32)
    }

    public let output: ProcessOutput
    public let errorOutput: ProcessOutput
    private let process: GuardedProcess
    private let name: String
    private let pipes: [any Channel]

    private init(
        name: String, process: GuardedProcess, output: ProcessOutput, errorOutput: ProcessOutput, pipes: [any Channel]
    ) {
        self.name = name
        self.process = process
        self.output = output
        self.errorOutput = errorOutput
        self.pipes = pipes
    }

    /// Runs `program` (a path) as long as `body` runs.
    ///
    /// - Parameters:
    ///   - environment: set on top of this process's own; nil as a value removes a variable.
    ///   - input: what the program reads from its standard input.
    @discardableResult
    public static func withProcess<Result>(
        _ program: String, _ arguments: [String] = [], environment: [String: String?] = [:],
        directory: String? = nil, input: [UInt8] = [], bounds: ProcessOutput.Bounds = .init(),
        isolation: isolated (any Actor)? = #isolation,
        _ body: (TestProcess) async throws -> Result
    ) async throws -> Result {
        let process = try await start(
            program, arguments, environment: environment, directory: directory, input: input, bounds: bounds)
        do {
            let result = try await body(process)
            await process.finish()
            return result
        } catch {
            await process.finish()
            throw error
        }
    }

    public var pid: Int32 { process.pid }

    /// How it ended, or nil while it runs.
    public var exitNow: Exit? { process.exit.map(Exit.init) }

    /// SIGTERM, SIGKILL, SIGCONT, ... to the program alone. SIGSTOP returns when it stands still.
    public func signal(_ number: Int32) {
        if number == SIGSTOP { process.suspend() } else { process.signal(number) }
    }

    /// Waits for its end.
    public func exit(within limit: Duration = .seconds(30)) async throws -> Exit {
        guard let exit = await process.waitForExit(within: limit) else {
            throw WaitTimedOut(
                what: "the end of \(name) (\(pid)); its last lines: \(output.lines.suffix(5)) "
                    + "\(errorOutput.lines.suffix(5))",
                limit: limit)
        }
        return Exit(exit)
    }

    /// Starts `program` without a scope: whoever calls this calls `finish`.
    package static func start(
        _ program: String, _ arguments: [String], environment: [String: String?] = [:], directory: String? = nil,
        input: [UInt8] = [], bounds: ProcessOutput.Bounds = .init()
    ) async throws -> TestProcess {
        let name = program.split(separator: "/").last.map(String.init) ?? program
        let standardInput = try OwnedDescriptor.memory(holding: input)
        let standardOutput = try OwnedDescriptor.pipe()
        let standardError = try OwnedDescriptor.pipe()
        let spawn = Spawn(
            program: program, arguments: arguments, environment: merged(environment), workingDirectory: directory,
            descriptors: [standardInput.number, standardOutput.writeEnd.number, standardError.writeEnd.number],
            processGroup: 0)
        let process = try GuardedProcess(spawn, lastWill: .kill())
        let output = ProcessOutput(name: "the output of \(name)", bounds: bounds)
        let errorOutput = ProcessOutput(name: "the error output of \(name)", bounds: bounds)
        do {
            let pipes = [
                try await read(standardOutput.takeReadEnd(), into: output),
                try await read(standardError.takeReadEnd(), into: errorOutput),
            ]
            return TestProcess(
                name: name, process: process, output: output, errorOutput: errorOutput, pipes: pipes)
        } catch {
            await process.finish()
            throw error
        }
    }

    private static func read(
        _ descriptor: consuming OwnedDescriptor, into output: ProcessOutput
    ) async throws -> any Channel {
        let number = descriptor.release()
        return try await NIOPipeBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LineReader(output))
                }
            }
            .takingOwnershipOfDescriptor(input: number)
            .get()
    }

    /// Kills what is left of it. Idempotent.
    package func finish() async {
        await process.finish()
        for pipe in pipes { try? await pipe.close() }
    }

    private static func merged(_ changes: [String: String?]) -> [String] {
        var merged = ownEnvironment()
        for (name, value) in changes { merged[name] = value }
        return merged.map { "\($0)=\($1)" }
    }

    /// This process's environment at its start. (`environ` itself is a mutable global that Swift 6 rightly refuses.)
    private static func ownEnvironment() -> [String: String] {
        guard let file = try? OwnedDescriptor.open("/proc/self/environ", O_RDONLY) else { return [:] }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while case let count = Glibc.read(file.number, &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
        var variables: [String: String] = [:]
        for entry in bytes.split(separator: 0) {
            let parts = entry.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            variables[String(decoding: parts[0], as: UTF8.self)] = String(decoding: parts[1], as: UTF8.self)
        }
        return variables
    }
}

extension TestProcess.Exit {
    init(_ exit: GuardedProcess.Exit) {
        switch exit {
        case .code(let code): self = .code(code)
        case .signal(let signal): self = .signal(signal)
        }
    }
}
