import EmbeddedRedis
import Penstock
import PenstockStore
import PenstockTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct RoleWaitingTests {
    @Test func `whoever waits for a role asks no more than once a lease`() async throws {
        try await Rig.with { rig in
            let (isHeld, door) = (TestSignal("held"), Door())
            let other = try Rig.client(rig.redis.url)
            async let holder: Void = rig.penstock.withRole("export", lease: .milliseconds(600)) { _ in
                isHeld.raise()
                await door.pass()
            }
            try await isHeld.wait()
            async let waiter: Void = other.withRole("export", lease: .milliseconds(600)) { _ in }
            // Sleeps because: what must not happen meanwhile is counted.
            try await Task.sleep(for: .seconds(3))
            let stats = try await rig.command("INFO", "commandstats").text ?? ""
            let line = stats.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_evalsha:") } ?? ""
            let calls = line.split(separator: ",").first?.split(separator: "=").last.flatMap { Int($0) } ?? 0
            // Renewals every 200 ms are 15; the waiter asks at each end of the lease as it is known to it.
            #expect(calls > 10 && calls < 40, "\(line)")
            door.open()
            try await holder
            try await waiter
            await other.shutdown()
        }
    }
}
