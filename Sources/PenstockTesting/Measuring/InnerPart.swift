import PenstockModel
import RedisClient

/// A part of Penstock that does no IO and that its users do not see, ready to be timed.
///
/// Only the benchmarks need it: it is a package of its own, and what is `package` here is closed to it.
@_spi(Benchmarks) public struct InnerPart: Sendable {
    public let name: String
    /// Does it so many times, and returns how often something came out: as many times, or it has failed.
    public let run: @Sendable (_ times: Int) throws -> Int

    /// All of them: replies of Redis as bytes become values, and plans of workflow runs are made.
    public static let all = parsing + planning
}

// MARK: Parsing

extension InnerPart {
    private static var parsing: [InnerPart] {
        let string = "$60\r\n" + String(repeating: "x", count: 60) + "\r\n"
        return [
            parse("parse_status", "+OK\r\n"), parse("parse_integer", ":1000000\r\n"), parse("parse_60_bytes", string),
            // As many as the answer of a claim has for some dozens of jobs.
            parse("parse_256_of_60_bytes", "*256\r\n" + String(repeating: string, count: 256)),
        ]
    }

    /// Replies arrive in pieces of 16 KiB, as on a busy connection.
    private static func parse(_ name: String, _ reply: String) -> InnerPart {
        let most = max(1, 16_384 / reply.utf8.count)
        let piece = Array(String(repeating: reply, count: most).utf8)
        return InnerPart(name: name) { times in
            var parser = ReplyParser()
            var parsed = 0
            while parsed < times {
                var replies: [RedisReply] = []
                let count = min(most, times - parsed)
                try piece.withUnsafeBytes { bytes in
                    try parser.feed(.init(rebasing: bytes.prefix(count * reply.utf8.count)), into: &replies)
                }
                guard !replies.isEmpty else { break }
                parsed += replies.count
            }
            return parsed
        }
    }
}

// MARK: Planning

extension InnerPart {
    private static var planning: [InnerPart] {
        let chain = (1...5).map { StepShape("s\($0)", after: $0 == 1 ? [] : [Dependency("s\($0 - 1)")]) }
        let middle = (0..<10).map { "middle\($0)" }
        let diamond =
            [StepShape("first")] + middle.map { StepShape($0, after: [Dependency("first")]) }
            + [StepShape("last", after: middle.map { Dependency($0) })]
        let run = RunFacts(state: .running)
        let first = StepFacts(run: run, round: 1, state: .active)
        let later = StepFacts(run: run, round: 1, state: .active, dependencies: [StepStanding(.succeeded)])
        return [
            plan("plan_start_of_chain", chain) { $0.start(RunFacts(state: .pending)) },
            plan("plan_step_of_chain", chain) { $0.ended(.step("s2"), .succeeded(), later) },
            plan("plan_fork_to_10", diamond) { $0.ended(.step("first"), .succeeded(), first) },
            plan("plan_join_of_10", diamond) { $0.ended(.step("middle0"), .succeeded(), later) },
        ]
    }

    private static func plan(
        _ name: String, _ steps: [StepShape], _ body: @escaping @Sendable (GraphPlanner) -> Plan
    ) -> InnerPart {
        InnerPart(name: name) { times in
            let planner = GraphPlanner(try GraphIndex(GraphShape(steps)))
            return (0..<times).count { _ in !body(planner).effects.isEmpty }
        }
    }
}
