import PenstockModel
import Testing

@Suite struct TaskIDTests {
    @Test("ids of one generator ascend strictly, also when the clock stands or goes back")
    func order() {
        var generator = TaskIDGenerator()
        var ids: [TaskID] = []
        for step in 0..<20_000 {
            ids.append(generator.next(now: 1_700_000_000_000 + Int64(step / 100) - Int64(step % 7)))
        }
        #expect(zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("a full millisecond flows over into the next")
    func overflow() {
        var generator = TaskIDGenerator(shard: 5)
        let last = generator.next(now: 1000) { .max }
        let next = generator.next(now: 1000) { 0 }
        #expect(last < next)
        #expect(last.milliseconds == 1000 && next.milliseconds == 1001)
        #expect(generator.next(now: 1001) { .max }.milliseconds == 1001)
    }

    @Test("ids tell their moment and shard, and survive being written down", arguments: [0, 1, 63])
    func roundTrip(shard: Int) throws {
        var generator = TaskIDGenerator(shard: shard)
        for moment in [1, 1_700_000_000_123, (1 << 42) - 1] as [Int64] {
            let id = generator.next(now: moment)
            #expect(id.rawValue.utf8.count == 14)
            #expect(id.milliseconds == moment)
            #expect(id.shard == shard)
            #expect(try #require(TaskID(id.rawValue)) == id)
            #expect("\(id)" == id.rawValue)
        }
    }

    @Test("generators do not meet")
    func uniqueness() {
        var generators = (0..<50).map { _ in TaskIDGenerator() }
        var ids: Set<TaskID> = []
        for round in 0..<200 {
            for place in generators.indices {
                ids.insert(generators[place].next(now: 1_700_000_000_000 + Int64(round)))
            }
        }
        #expect(ids.count == 10_000)
    }

    @Test(
        "what cannot be an id is refused", arguments: ["", "a b", "ä", "a\n", "a/b", String(repeating: "a", count: 65)])
    func refused(text: String) {
        #expect(TaskID(text) == nil)
    }

    @Test("an id of another form has no moment and lives in shard 0")
    func foreign() throws {
        let id = try #require(TaskID("short"))
        #expect(id.milliseconds == nil)
        #expect(id.shard == 0)
    }
}
