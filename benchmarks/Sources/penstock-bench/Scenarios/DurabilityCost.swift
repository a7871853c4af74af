import Penstock

/// The same drain without an append-only file and with one, whatever `--durability` says.
struct DurabilityCost: Scenario {
    let name = "durability"
    let summary = "Drain rates with the append-only file: everysec with 1 worker process, always with 2."

    func measure(_ plan: Plan) async throws -> [Figure] {
        let jobs = plan.scaled(100_000)
        func rate(_ durability: Durability, _ workers: Int) async throws -> Double {
            try await plan.onServer(durability) { stage in
                Double(jobs) / (try await stage.drained(jobs, by: workers)).seconds
            }
        }
        let (none1, everysec) = (try await rate(.none, 1), try await rate(.everysec, 1))
        let (none2, always) = (try await rate(.none, 2), try await rate(.always, 2))
        return [
            .rate("drained_none_1", none1), .rate("drained_everysec_1", everysec),
            .rate("drained_none_2", none2), .rate("drained_always_2", always),
            Figure("everysec_to_none", everysec / none1, "", .higher, target: .atLeast(0.7)),
            Figure("always_to_none", always / none2, "", .higher, target: .atLeast(0.4)),
        ]
    }
}
