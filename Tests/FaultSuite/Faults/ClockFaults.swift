import Glibc

/// The clocks of workers and producers are an hour ahead, or behind, of Redis's.
struct ClientClocks: InjectedFault {
    let name = "client-clocks"
    let words = "clocks of clients are an hour off, some ahead and some behind"

    /// The library that makes a process believe in another time.
    private static let library: String? = {
        let paths = ["x86_64", "aarch64"].map { "/usr/lib/\($0)-linux-gnu/faketime/libfaketime.so.1" }
        return paths.first { access($0, R_OK) == 0 }
    }()

    var plan: Plan {
        Plan(environment: { ordinal in
            guard let library = Self.library else { return [:] }
            return [
                "LD_PRELOAD": library, "FAKETIME": ordinal % 2 == 0 ? "+3600s" : "-3600s",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            ]
        })
    }

    func inject(_ stage: Stage) async throws {
        if Self.library == nil { throw SuiteError("libfaketime is missing: run .ci/setup") }
        // From the first process on, so there is nothing to begin.
        stage.allowance.keepsLeases = true
        try await stage.pause(.seconds(3))
    }
}

/// Redis's clock is put forward and back.
struct ServerClock: InjectedFault {
    let name = "server-clock"
    let words = "the clock of Redis is put ten minutes forward, then 2 s back"

    func inject(_ stage: Stage) async throws {
        try await step(stage, by: 600_000)
        try await stage.pause(.seconds(3))
        try await step(stage, by: -2000)
        try await stage.pause(.seconds(3))
    }

    /// By the offset that scripts add to the clock: a machine's clock belongs to everybody on it.
    @MainActor private func step(_ stage: Stage, by milliseconds: Int) async throws {
        try await stage.command("HINCRBY", "{t:0}:clock", "offset", String(milliseconds))
    }
}
