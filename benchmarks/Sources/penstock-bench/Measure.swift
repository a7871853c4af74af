import Foundation
import RedisClient

/// CPU time of a Redis server in microseconds.
func redisCPU(_ redis: RedisClient) async throws -> Double {
    let text = try await redis.send(RedisCommand("INFO", "cpu")).text ?? ""
    func field(_ name: String) -> Double {
        text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
            .flatMap { Double($0.dropFirst(name.count + 1)) } ?? 0
    }
    return (field("used_cpu_user") + field("used_cpu_sys")) * 1_000_000
}

/// Calls of commands, scripts' own included, since the last `CONFIG RESETSTAT`.
func redisCalls(_ redis: RedisClient) async throws -> Int {
    let text = try await redis.send(RedisCommand("INFO", "commandstats")).text ?? ""
    return text.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
        guard let range = line.range(of: "calls="), let end = line[range.upperBound...].firstIndex(of: ",") else {
            return sum
        }
        return sum + (Int(line[range.upperBound..<end]) ?? 0)
    }
}

extension [Double] {
    /// The value below which the share `p` of the values lies; 0 for none.
    func percentile(_ p: Double) -> Double {
        guard !isEmpty else { return 0 }
        let sorted = self.sorted()
        return sorted[Swift.min(count - 1, Int(Double(count) * p))]
    }

    var median: Double { percentile(0.5) }
}

func microseconds(_ duration: Duration) -> Double { duration / .microseconds(1) }

/// `redis-benchmark -P 64 -t set` on a socket: operations a second.
func redisBenchmarkSets(socket: String, operations: Int) throws -> Double {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
        "redis-benchmark", "-s", socket, "-P", "64", "-t", "set", "-n", "\(operations)", "--csv",
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self)
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("\"SET\"") }),
        let rate = Double(line.split(separator: ",")[1].trimmingCharacters(in: ["\""]))
    else { throw BenchmarkError("redis-benchmark printed no rate: is redis-tools installed?\n\(text)") }
    return rate
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
