import Penstock
import PenstockModel
import PenstockStore
import PenstockTesting
import Synchronization

/// Jobs that go on until the test ends them, or they are cancelled.
final class HeldJobs: Sendable {
    private struct State {
        var held: [Int64: AsyncStream<Void>.Continuation] = [:]
        var ended: Set<Int64> = []
    }

    private let state = Mutex(State())

    /// The ticks whose jobs go on.
    var live: Set<Int64> { state.withLock { Set($0.held.keys) } }

    func hold(_ tick: Int64) async throws {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        state.withLock { state in
            if state.ended.contains(tick) { continuation.finish() } else { state.held[tick] = continuation }
        }
        for await _ in stream {}
        state.withLock { $0.held[tick] = nil }
        try Task.checkCancellation()
    }

    func end(_ tick: Int64) {
        state.withLock { state in
            state.ended.insert(tick)
            state.held[tick]?.finish()
        }
    }
}

extension Rig {
    /// Redis's clock, as the scripts see it.
    func now() async throws -> Int64 { try await penstock.store.schedules([]).now }

    /// Waits until a worker has done all that is due of schedules.
    func schedulesSettled() async throws {
        for worker in try await penstock.store.workers() { try await penstock.store.nudge(worker: worker.worker) }
        try await eventually("schedules to be settled") {
            let first = try await command("ZRANGE", "{t:0}:ticks", "0", "0", "WITHSCORES").array ?? []
            guard let score = first.last?.text.flatMap({ Double($0) }) else { return true }
            // A second is how long one that is handed out is left alone.
            return try await now() + 1500 < Int64(score)
        }
    }
}

extension TickRecord.Fate {
    /// Without ids.
    var word: String {
        switch self {
        case .fired: "fired"
        case .triggered: "triggered"
        case .made: "made"
        case .filtered: "filtered"
        case .overlapped: "overlapped"
        case .waits: "waits"
        case .missed: "missed"
        case .refused: "refused"
        }
    }
}
