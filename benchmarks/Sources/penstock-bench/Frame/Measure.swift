import Foundation
import RedisClient

/// The value of a field in an answer of INFO.
func infoField(_ name: String, in text: String) -> String? {
    text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
        .map { String($0.dropFirst(name.count + 1)) }
}

/// CPU time of a Redis server in microseconds.
func redisCPU(_ redis: RedisClient) async throws -> Double {
    let text = try await redis.send(RedisCommand("INFO", "cpu")).text ?? ""
    func field(_ name: String) -> Double { infoField(name, in: text).flatMap { Double($0) } ?? 0 }
    return (field("used_cpu_user") + field("used_cpu_sys")) * 1_000_000
}

/// Calls of commands, scripts' own included, since the server started; or those of one command.
func redisCalls(_ redis: RedisClient, of command: String? = nil) async throws -> Int {
    let text = try await redis.send(RedisCommand("INFO", "commandstats")).text ?? ""
    return text.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
        guard line.hasPrefix(command.map { "cmdstat_\($0):" } ?? "cmdstat_"), let range = line.range(of: "calls="),
            let end = line[range.upperBound...].firstIndex(of: ",")
        else { return sum }
        return sum + (Int(line[range.upperBound..<end]) ?? 0)
    }
}

/// Memory of a Redis server in bytes, without the buffers of its clients.
func redisMemory(_ redis: RedisClient) async throws -> Double {
    let text = try await redis.send(RedisCommand("INFO", "memory")).text ?? ""
    func field(_ name: String) -> Double { infoField(name, in: text).flatMap { Double($0) } ?? 0 }
    return field("used_memory") - field("mem_clients_normal")
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

/// Nanoseconds of a clock that all processes of the machine share.
func sharedClock() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// `redis-benchmark -P 64 -t set` on a socket: operations a second.
func redisBenchmarkSets(socket: String, operations: Int) throws -> Double {
    let text = try output(of: [
        "redis-benchmark", "-s", socket, "-P", "64", "-t", "set", "-n", "\(operations)", "--csv",
    ])
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("\"SET\"") }),
        let rate = Double(line.split(separator: ",")[1].trimmingCharacters(in: ["\""]))
    else { throw BenchmarkError("redis-benchmark printed no rate: is redis-tools installed?\n\(text)") }
    return rate
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }

    func aligned(to width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - count)) + self }
}
