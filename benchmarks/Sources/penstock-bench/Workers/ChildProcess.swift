import Foundation

/// A process that is killed with all that it has started, and that can tell by its standard input when this one has ended.
final class ChildProcess: Sendable {
    private let process: Process
    /// Its standard input: it ends when nobody holds the other end any more, be this process killed.
    private let leash = Pipe()

    /// - Parameter output: what it says on standard error, and, if it is given, on standard output too.
    init(_ command: [String], _ environment: [String: String] = [:], output: FileHandle? = nil) throws {
        guard let program = command.first else { throw BenchmarkError("a command of no words") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = Array(command.dropFirst())
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = leash
        // Children that had this end too would hold each other, and themselves.
        guard fcntl(leash.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            throw BenchmarkError("the pipe to a process cannot be closed in others: error \(errno)")
        }
        process.standardOutput = output ?? FileHandle.nullDevice
        if let output { process.standardError = output }
        try process.run()
        self.process = process
    }

    var pid: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    /// Once it has ended.
    var status: Int32 { process.terminationStatus }

    func kill() {
        // Foundation starts a process in a group of its own; where it does not, the group is ours.
        Foundation.kill(getpgid(pid) == pid ? -pid : pid, SIGKILL)
        process.waitUntilExit()
    }
}
