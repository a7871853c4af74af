import Penstock
import Testing

/// One call for more jobs than fit one script call.
@Suite(.timeLimit(.minutes(5))) struct EnqueueManyTests {
    private struct Picky: Job {
        static let name = "picky"
        struct Refusal: Error {}
        var number: Int
        var limitKeys: [String] { number % 3 == 0 ? ["account:\(number % 7)"] : [] }

        enum Key: String, CodingKey { case number }

        init(_ number: Int) { self.number = number }
        init(from decoder: any Decoder) throws {
            number = try decoder.container(keyedBy: Key.self).decode(Int.self, forKey: .number)
        }
        func encode(to encoder: any Encoder) throws {
            if number == 2300 { throw Refusal() }
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(number, forKey: .number)
        }
    }

    private func waiting(_ rig: Rig, _ lane: String = "default\t") async throws -> [String] {
        try await rig.command("LRANGE", "{t:0}:lane:\(lane)", "0", "-1").array?.compactMap(\.text) ?? []
    }

    @Test func `all are stored, in their order, each answered in its place`() async throws {
        try await Rig.with { rig in
            let enqueued = try await rig.penstock.enqueue(many: (0..<2500).lazy.map { Work(number: $0) })
            #expect(enqueued.count == 2500 && enqueued.allSatisfy { !$0.isDuplicate })
            #expect(try await waiting(rig) == enqueued.map(\.id.rawValue))
            let records = try await rig.command(
                "HMGET", "{t:0}:tasks", enqueued[0].id.rawValue, enqueued[2499].id.rawValue)
            #expect(
                records.array?.compactMap(\.text).map { $0.split(separator: "\n").last } == [
                    "{\"number\":0}", "{\"number\":2499}",
                ])
            #expect(try await rig.penstock.enqueue(many: [Work]()).isEmpty)
        }
    }

    @Test func `jobs with limit keys of their own are each in their lane, answers in the order of the jobs`()
        async throws
    {
        try await Rig.with { rig in
            let jobs = (0..<1200).map { Picky($0) }
            let ids = try await rig.penstock.enqueue(many: jobs).map(\.id.rawValue)
            for rest in 0..<7 {
                let mine = jobs.indices.filter { $0 % 3 == 0 && $0 % 7 == rest }.map { ids[$0] }
                #expect(try await waiting(rig, "default\t\t\taccount:\(rest)") == mine)
            }
            #expect(try await waiting(rig) == jobs.indices.filter { $0 % 3 != 0 }.map { ids[$0] })
        }
    }

    @Test func `a later job that cannot be encoded: the chunks before it are stored, and the error says so`()
        async throws
    {
        try await Rig.with { rig in
            let error = await #expect(throws: PenstockError.self) {
                try await rig.penstock.enqueue(many: (0..<2500).map { Picky($0) })
            }
            let problem = try #require(error)
            #expect(problem.code == .codec && problem.enqueued == 2000)
            #expect(problem.message.contains("the first 2000 jobs of the call are enqueued"))
            let ready = try await rig.queue().ready
            #expect(ready == 2000)
            let small = await #expect(throws: PenstockError.self) {
                try await rig.penstock.enqueue(many: (2200..<2400).map { Picky($0) })
            }
            let early = try #require(small)
            #expect(early.enqueued == 0 && !early.message.contains("are enqueued"))
            let unchanged = try await rig.queue().ready
            #expect(unchanged == 2000)
        }
    }

    @Test func `a chunk that is refused: those before it are stored, none after it`() async throws {
        try await Rig.with { rig in
            try await rig.penstock.setCap(queue: "default", most: 1500)
            let error = await #expect(throws: PenstockError.self) {
                try await rig.penstock.enqueue(many: (0..<3500).map { Work(number: $0) })
            }
            let problem = try #require(error)
            #expect(problem.code == .full && problem.enqueued == 1000)
            let ready = try await rig.queue().ready
            #expect(ready == 1000)
        }
    }
}
