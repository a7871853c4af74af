import Foundation

/// Runs a program to its end without blocking a thread.
package enum Command {
    package struct Result: Sendable {
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

    /// Files, not pipes, take the output: a program that prints more than a pipe holds cannot get stuck.
    package static func run(
        _ program: URL, _ arguments: [String], input: String = "", directory: URL? = nil
    ) async throws -> Result {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.standardInput = try FileHandle(forReadingFrom: files.write(input, to: "input"))
        process.standardOutput = try FileHandle(forWritingTo: files.write("", to: "output"))
        process.standardError = try FileHandle(forWritingTo: files.write("", to: "error"))
        try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in ended.resume() }
            do {
                try process.run()
            } catch {
                process.terminationHandler = nil
                ended.resume(throwing: error)
            }
        }
        return Result(
            status: process.terminationStatus, output: try files.read("output"), errorOutput: try files.read("error"))
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
