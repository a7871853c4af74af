import ArgumentParser
import Foundation
import Glibc

/// The fault suite: `make faults`. With `worker` or `producer` as the first word it is a process of the workload.
@main enum FaultSuite {
    static func main() async throws {
        let arguments = commandLine()
        let rest = Array(arguments.dropFirst(2))
        switch arguments.dropFirst().first {
        case "worker": try await child(WorkerChild(rest)?.run)
        case "producer": try await child(ProducerChild(rest)?.run)
        default:
            do { try await SuiteCommand.parse(Array(arguments.dropFirst())).run() } catch {
                SuiteCommand.exit(withError: error)
            }
        }
    }

    /// A line at once, also into a pipe.
    static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(1, bytes, bytes.count)
    }

    private static func child(_ run: (() async throws -> Void)?) async throws {
        guard let run else { throw SuiteError("these are no arguments for a process of the workload") }
        try await run()
    }

    /// `CommandLine.arguments` is empty where libfaketime is loaded: the runtime looks for them beside `environ`, which that
    /// library replaces.
    private static func commandLine() -> [String] {
        guard let data = FileManager.default.contents(atPath: "/proc/self/cmdline") else {
            return CommandLine.arguments
        }
        return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
