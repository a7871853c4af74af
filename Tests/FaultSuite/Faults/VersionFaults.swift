/// Two builds whose scripts differ, side by side.
struct TwoVersions: InjectedFault {
    let name = "two-versions"
    let words = "workers of two builds, with other scripts under other digests, in one namespace; some are killed"
    var plan: Plan { Plan(edition: { $0 % 2 == 1 ? "other" : "own" }) }

    func inject(_ stage: Stage) async throws {
        for _ in 0..<2 {
            try stage.anyWorker().process.signal(9)
            try await stage.someTime(300...800)
        }
        try await stage.command("SCRIPT", "FLUSH")
        try await stage.pause(.seconds(1))
    }
}
