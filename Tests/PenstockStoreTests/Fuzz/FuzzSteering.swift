import PenstockModel
import PenstockTesting
import RedisClient

@testable import PenstockStore

/// Heartbeats, the end of workers, what people do, and time.
extension Fuzz {
    mutating func heartbeat() async throws {
        let player = pick(players)
        last = "heartbeat \(player.name)"
        let reply = try await player.beat()
        guard reply.isAlive == (audit.workers[player.name] != nil) else {
            throw StoreModel.Wrong(description: "alive: \(reply.isAlive)")
        }
        let asked = Set(reply.cancels.map(\.0.rawValue))
        let expected = Set((model.held[player.name] ?? [:]).keys.filter { model.items[$0]?.cancel != nil })
        guard asked == expected else { throw StoreModel.Wrong(description: "asked to end \(asked), not \(expected)") }
        try await look()
    }

    mutating func retire() async throws {
        let place = number(0...2)
        let name = players[place].name
        last = "retire \(name)"
        let back = try await store.retire(worker: name)
        guard model.handBackAll(of: name, except: { _, _ in false }) == back else {
            throw StoreModel.Wrong(description: "handed back \(back)")
        }
        players[place] = try await newPlayer(place)
        try await look()
    }

    mutating func cancel() async throws {
        let id = someID()
        last = "cancel \(id)"
        let answer = try await store.cancel(id, reason: "because")
        try await look()
        let expected = model.cancel(id.rawValue, reason: "because")
        guard answer == expected else { throw StoreModel.Wrong(description: "\(answer), expected \(expected)") }
    }

    mutating func revive() async throws {
        let ids = [someID(), someID()]
        last = "revive \(ids)"
        let answers = try await store.revive(ids)
        try await look()
        let expected = model.revive(ids.map(\.rawValue))
        guard answers == expected else { throw StoreModel.Wrong(description: "\(answers), expected \(expected)") }
    }

    mutating func discard() async throws {
        let ids = [someID(), someID()]
        last = "discard \(ids)"
        let answers = try await store.discard(ids)
        try await look()
        let expected = model.discard(ids.map(\.rawValue))
        guard answers == expected else { throw StoreModel.Wrong(description: "\(answers), expected \(expected)") }
    }

    mutating func pause() async throws {
        let name = pick(["queue:q0", "queue:q1", "kind:k0", "kind:k1"])
        let target: PauseTarget =
            name.hasPrefix("queue:") ? .queue(String(name.dropFirst(6))) : .kind(String(name.dropFirst(5)))
        // Pauses are short, so that something happens.
        let pauses = chance(30)
        last = "\(pauses ? "pause" : "resume") \(name)"
        let did = pauses ? try await store.pause(target, by: "f") : try await store.resume(target)
        try await look()
        guard did == (model.paused.contains(name) != pauses) else { throw StoreModel.Wrong(description: "did \(did)") }
        if pauses { model.paused.insert(name) } else { model.paused.remove(name) }
    }

    mutating func purge() async throws {
        let (queue, chunk) = (pick(["q0", "q1"]), number(1...20))
        last = "purge \(queue) \(chunk)"
        let (removed, next) = try await store.purge(queue: queue, chunk: chunk)
        try await look()
        try model.purge(queue, chunk: chunk, removed: removed, isLast: next == nil, now: audit)
    }

    mutating func stepClock() async throws {
        let milliseconds = number(0...3000)
        last = "clock \(milliseconds)"
        try await store.stepClock(by: .milliseconds(milliseconds))
        try await look()
    }

    /// One worker beats while leases run out.
    mutating func loseWorkers() async throws {
        let survivor = pick(players)
        last = "lose all but \(survivor.name)"
        try await survivor.outlive()
        try await look()
    }
}
