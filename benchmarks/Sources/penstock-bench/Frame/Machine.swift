import Foundation

/// Where and with what it was measured.
struct Machine: Sendable, Codable {
    var processor: String
    var cores: Int
    var memoryGigabytes: Double
    var kernel: String
    /// Of the last minute, before the first scenario: others' work is in the figures.
    var load: Double
    var swift: String
    var redis: String
    var penstock: String

    init(redis: String) {
        self.redis = redis
        processor = Self.field("model name", of: "/proc/cpuinfo") ?? "unknown"
        cores = ProcessInfo.processInfo.activeProcessorCount
        memoryGigabytes = Double(ProcessInfo.processInfo.physicalMemory) / 1_073_741_824
        kernel = Self.text("/proc/sys/kernel/osrelease") ?? "unknown"
        load = Self.text("/proc/loadavg")?.split(separator: " ").first.flatMap { Double($0) } ?? 0
        swift =
            (try? output(of: ["swift", "--version"]))?.split(separator: "\n").first { $0.contains("Swift version") }
            .map(String.init) ?? "unknown"
        penstock = Self.penstockVersion()
    }

    /// The command's version and the commit of the sources that were built, with a + if they had been changed.
    private static func penstockVersion() -> String {
        let version = (try? output(of: [Command.path, "--version"])) ?? "unknown"
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
        guard let commit = try? output(of: ["git", "-C", folder, "describe", "--always", "--dirty=+"]) else {
            return version
        }
        return "\(version) (\(commit))"
    }

    private static func text(_ path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private static func field(_ name: String, of path: String) -> String? {
        text(path)?.split(separator: "\n").first { $0.hasPrefix(name) }?.split(separator: ":").last
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

/// The command `penstock` of the same build.
enum Command {
    /// Beside this executable: the package builds both.
    static var path: String {
        URL(fileURLWithPath: ownPath).deletingLastPathComponent().appendingPathComponent("penstock").path
    }
}

/// This executable.
var ownPath: String { URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path }

/// What a program prints, without white space at its ends.
func output(of command: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw BenchmarkError("\(command.joined(separator: " ")) failed with \(process.terminationStatus)")
    }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
}
