import Foundation

/// The command `penstock`: how long it takes to start, and how large it is.
struct CommandStart: Scenario {
    let name = "command"
    let summary = "Start-up time and size of the command penstock."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let path = Command.path
        guard let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int else {
            throw BenchmarkError("\(path) has no size")
        }
        let version = try time { try output(of: [path, "--version"]) }
        // What starting any program takes here.
        let nothing = try time { try output(of: ["true"]) }
        return [
            Figure("start", version, "ms", .lower),
            Figure("start_of_true", nothing, "ms", .lower),
            Figure("size", Double(size) / 1_048_576, "MB", .lower),
        ]
    }

    /// The median of twenty times, in milliseconds.
    private func time(_ body: () throws -> String) rethrows -> Double {
        var times: [Double] = []
        for _ in 0..<20 {
            let start = ContinuousClock.now
            _ = try body()
            times.append(microseconds(.now - start) / 1000)
        }
        return times.median
    }
}
