extension KeyspaceAudit {
    /// Where a task is.
    package enum Place: Sendable, Hashable {
        case lane(String)
        case delayed(queue: String)
        case held(worker: String)
        case dead(queue: String)
        /// Put aside until its run goes on.
        case shelf(run: String)
    }

    /// The place of each id that is anywhere.
    package var places: [String: [Place]] {
        var places: [String: [Place]] = [:]
        for (lane, ids) in lanes { for id in ids { places[id, default: []].append(.lane(lane)) } }
        for (queue, ids) in delayed { for id in ids.keys { places[id, default: []].append(.delayed(queue: queue)) } }
        for (queue, ids) in dead { for id in ids.keys { places[id, default: []].append(.dead(queue: queue)) } }
        for (run, entries) in shelves {
            for entry in entries { places[String(entry.prefix { $0 != "\t" }), default: []].append(.shelf(run: run)) }
        }
        for (worker, ids) in held { for id in ids.keys { places[id, default: []].append(.held(worker: worker)) } }
        return places
    }

    /// What breaks a rule of the storage; empty when all is well.
    package var findings: [String] {
        (oddities + taskFindings + laneFindings + workerFindings + limitFindings + bondFindings + runFindings
            + scheduleFindings).sorted()
    }

    /// Every task in exactly one place, and that the right one; nothing is said of tasks that are not.
    private var taskFindings: [String] {
        var findings: [String] = []
        let places = places
        for (id, head) in heads {
            let fields = head.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count >= 4 else {
                findings.append("task \(id) has no readable head")
                continue
            }
            let here = places[id] ?? []
            guard here.count == 1, let place = here.first else {
                findings.append("task \(id) is in \(here.count) places: \(here)")
                continue
            }
            let (kind, queue) = (fields[0], fields[1])
            let keys = fields.dropFirst(4).filter { $0.hasPrefix("l=") }.map { "\t" + $0.dropFirst(2) }.joined()
            let level = fields[3].isEmpty && keys.isEmpty ? "" : "\t" + fields[3]
            let rest = "\t" + fields[2] + level + keys
            let ofKind = "\t" + fields[2] + "\t" + fields[3] + keys + "\tkind:" + kind
            let rightLanes = [queue + rest, "\(queue)|\(kind)\(rest)", queue + ofKind, "\(queue)|\(kind)\(ofKind)"]
            let isRight =
                switch place {
                case .lane(let lane): rightLanes.contains(lane)
                case .delayed(let at), .dead(let at): at == queue
                case .held(let worker): rightLanes.contains(held[worker]?[id]?.lane ?? "")
                case .shelf(let run): fields.contains("w=" + run)
                }
            if !isRight { findings.append("task \(id) of \(rightLanes[0].debugDescription) is in \(place)") }
            if !queues.contains(queue), !isHeld(place) { findings.append("queue \(queue) is not among the queues") }
        }
        for (id, here) in places where heads[id] == nil {
            // In a lane it was cancelled deep down, and is passed over when its turn comes.
            for place in here where !isLane(place) { findings.append("no task \(id), but it is in \(place)") }
        }
        for id in tries.keys where heads[id] == nil { findings.append("tries of \(id), which is no task") }
        for id in cancels.keys {
            guard let place = places[id]?.first, isHeld(place), heads[id] != nil else {
                findings.append("\(id) was asked to end and is not running")
                continue
            }
        }
        return findings
    }

    private func isHeld(_ place: Place) -> Bool { if case .held = place { true } else { false } }
    private func isLane(_ place: Place) -> Bool { if case .lane = place { true } else { false } }

    /// Lanes that hold something have a turn, others have none.
    private var laneFindings: [String] {
        var findings: [String] = []
        var tenants: [String: Set<String>] = [:]
        var lanesOfTenant: [String: Set<String>] = [:]
        for lane in lanes.keys {
            let parts = lane.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard parts.count >= 2 else {
                findings.append("lane \(lane.debugDescription) has no readable name")
                continue
            }
            if parked[parts[0]]?[lane] != nil { continue }
            tenants[parts[0], default: []].insert(parts[1])
            lanesOfTenant[parts[0] + "\t" + parts[1], default: []].insert(lane)
            if parts.count >= 3, wide[parts[0]]?.contains(parts[1]) != true {
                findings.append("lane \(lane.debugDescription) is not found by its tenant")
            }
        }
        for ring in Set(tenants.keys).union(turns.keys) {
            let (waiting, turn) = (tenants[ring] ?? [], Set((turns[ring] ?? [:]).keys))
            for tenant in waiting.subtracting(turn) {
                findings.append("tenant \(tenant) waits in \(ring) without a turn")
            }
            for tenant in turn.subtracting(waiting) {
                findings.append("tenant \(tenant) has a turn in \(ring) for nothing")
            }
        }
        let wideTenants = Set(wide.flatMap { ring, tenants in tenants.map { ring + "\t" + $0 } })
        for tenant in wideTenants.symmetricDifference(laneAges.keys) {
            findings.append("\(tenant.debugDescription) is either wide or has ages of lanes, not both")
        }
        for (tenant, ages) in laneAges where Set(ages.keys) != lanesOfTenant[tenant] ?? [] {
            findings.append(
                "\(tenant.debugDescription) lists lanes \(ages.keys.sorted()) and has \((lanesOfTenant[tenant] ?? []).sorted())"
            )
        }
        var aside: [String: Set<String>] = [:]
        for ring in Set(turns.keys).union(parked.keys) {
            let parts = ring.split(separator: "|", maxSplits: 1).map(String.init)
            if parts.count == 2 { aside[parts[0], default: []].insert(parts[1]) }
        }
        if aside != kinds { findings.append("kinds set aside: listed \(kinds), have turns \(aside)") }
        return findings
    }

    /// Nothing is known of workers that are gone.
    private var workerFindings: [String] {
        var findings: [String] = []
        for worker in held.keys where workers[worker] == nil { findings.append("\(worker) is gone and holds tasks") }
        for worker in workers.keys where !facts.contains(worker) { findings.append("nothing is known of \(worker)") }
        for worker in facts where workers[worker] == nil && hints[worker] == nil {
            findings.append("\(worker) is gone, and not forgotten")
        }
        for worker in hints.keys where workers[worker] == nil && !facts.contains(worker) {
            findings.append("\(worker) is gone and has hints")
        }
        for (queue, idle) in idle {
            for worker in idle where workers[worker] == nil {
                findings.append("\(worker) is gone and idle in \(queue)")
            }
        }
        return findings
    }
}
