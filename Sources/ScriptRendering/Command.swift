import Foundation
import Subprocess
import SystemPackage

/// Runs a program to its end without blocking a thread. Foundation's Process will not do: its children inherit the
/// sockets by which it notices the end of others, so that two that run side by side wait for each other for ever.
package enum Command {
    package struct Result: Sendable {
        /// The exit code, or 128 and the signal, as in a shell.
        package let status: Int32
        package let output: String
        package let errorOutput: String
    }

    /// A program that is not installed, and how to install it.
    package struct Missing: Error, CustomStringConvertible {
        package let program: String
        package let package: String

        package var description: String {
            "\(program) is not installed. Install it with: sudo apt-get install -y \(package)"
        }
    }

    package static func locate(_ program: String, package: String) throws -> URL {
        let folders = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":")
        for folder in folders {
            let path = "\(folder)/\(program)"
            if FileManager.default.isExecutableFile(atPath: path) { return URL(fileURLWithPath: path) }
        }
        throw Missing(program: program, package: package)
    }

    package static func run(
        _ program: URL, _ arguments: [String], input: String = "", directory: URL? = nil
    ) async throws -> Result {
        let limit = 16 << 20
        let result = try await Subprocess.run(
            .path(FilePath(program.path)), arguments: Arguments(arguments),
            workingDirectory: directory.map { FilePath($0.path) },
            input: .string(input), output: .string(limit: limit), error: .string(limit: limit))
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Result(status: status, output: result.standardOutput, errorOutput: result.standardError)
    }
}

/// A directory of its own for files that are not to outlive their use.
package struct TemporaryDirectory: Sendable {
    package let url: URL

    package init() throws {
        let name = "penstock-\(UUID().uuidString.prefix(8))"
        url = FileManager.default.temporaryDirectory.appendingPathComponent(name, isDirectory: true)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    @discardableResult
    package func write(_ text: String, to name: String) throws -> URL {
        let file = url.appendingPathComponent(name)
        try Data(text.utf8).write(to: file)
        return file
    }

    package func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: url.appendingPathComponent(name)), as: UTF8.self)
    }

    package func remove() {
        try? FileManager.default.removeItem(at: url)
    }
}
