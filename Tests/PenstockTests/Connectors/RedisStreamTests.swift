import EmbeddedRedis
import Penstock
import PenstockStore
import PenstockTesting
import RedisClient
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct RedisStreamTests {
    static func entries(_ count: Int, keys: Int = 5, from: Int = 0) -> [String] {
        (from..<from + count).map { "k\($0 % keys) \($0)" }
    }

    @Test(arguments: [1, 4])
    func `entries become jobs, once and in the order of their keys`(shards: Int) async throws {
        try await Rig.with { rig in
            let entries = Self.entries(2000, keys: 17)
            try await rig.publish(Array(entries.prefix(1000)))
            try await serving(rig.ledgerService(.quick.with { $0.parallel = shards })) {
                try await rig.publish(Array(entries.dropFirst(1000)))
                try await eventually("all jobs") { try await rig.ledgerCount() >= 2000 }
                try await eventually("all to be acknowledged") {
                    try await pending(rig) == 0
                }
            }
            try await rig.expectLedger(entries)
            let status = try #require(try await rig.penstock.connectors().first)
            #expect(status.name == "ledger" && status.shards.count == shards)
            #expect(status.shards.allSatisfy { $0.holder == nil })
            #expect(
                try await KeyspaceAudit.check(rig.penstock.store).filter { !$0.contains("unknown key events") } == [])
        }
    }

    private func pending(_ rig: Rig) async throws -> Int {
        var sum = 0
        for group in try await rig.command("XINFO", "GROUPS", "events").array ?? [] {
            let fields = group.array ?? []
            let at = fields.firstIndex { $0.text == "pending" }
            sum += at.flatMap { fields[$0 + 1].int } ?? 0
        }
        return sum
    }

    @Test func `an event starts runs and signals them, once, by foreign id too`() async throws {
        let waits = try Workflow("waits", input: Order.self) { flow in
            let one = flow.signal("one", of: Int.self)
            return flow.signal("two", of: Int.self, after: one)
        }
        try await withWorkflows {
            $0.handle(waits)
        } _: { rig in
            let source = try RedisStreamConnector(rig.penstock, stream: "events", group: "g")
            let done = Notes<String>("events")
            let makeService = {
                ConnectorService(rig.penstock, "runs", from: source, options: .quick, logger: Rig.quiet) { event in
                    done.post(event.id)
                    let foreignID = event.key ?? ""
                    return [
                        .start(waits, Order(number: 7), .init(foreignID: foreignID)),
                        .signal(workflow: "waits", foreignID: foreignID, "one", 1),
                        .enqueue(Work(number: 1), .init(queue: "q")),
                        .signal(workflow: "waits", foreignID: foreignID, "two", 2), .enqueue(Work(), .init(queue: "q")),
                    ]
                }
            }
            try await rig.publish(["a 1", "b 2"])
            try await serving(makeService()) {
                try await eventually("jobs") { try await rig.queue("q").ready == 4 }
            }
            let runs = try await rig.penstock.runs(.init(workflow: "waits")).entries
            #expect(runs.count == 2)
            for run in runs { _ = try await rig.penstock.run(run.id).wait(for: .succeeded) }
            // Delivered again, after the runs have ended.
            try await rig.command("XGROUP", "SETID", "events", "g", "0")
            try await serving(makeService()) {
                _ = try await done.next(4)
                try await eventually("the end") { try await pending(rig) == 0 }
            }
            #expect(try await rig.queue("q").ready == 4)
            #expect(try await rig.penstock.runs(.init(workflow: "waits")).entries.count == 2)
            #expect(try await rig.penstock.setAsideEvents(of: "runs") == [])
            try await rig.command("DEL", "events")
        }
    }

    @Test func `a poison entry holds up its key alone, is set aside, and can be tried again`() async throws {
        try await Rig.with { rig in
            let (isRepaired, seen) = (Lockbox(false), Notes<String>("seen"))
            let service = try rig.ledgerService { event in
                let text = String(decoding: event.payload, as: UTF8.self)
                seen.post(text)
                if text == "a 1", !isRepaired.value { throw Broken("bad entry") }
                if text == "c 9" { throw JobFailure.permanent("never") }
            }
            try await rig.publish(["a 1", "b 2", "a 3", "b 4", "c 9"])
            try await serving(service) {
                try await eventually("the others") { try await rig.ledgerCount() == 3 }
                #expect(try await rig.ledger() == ["b 2", "b 4", "a 3"])
                let aside = try await rig.penstock.setAsideEvents(of: "ledger").sorted { $0.event.id < $1.event.id }
                #expect(aside.map(\.reason) == ["bad entry", "never"] && aside.map(\.tries) == [3, 1])
                let first = try #require(aside.first)
                #expect(first.event.key == "a" && first.event.headers == ["source": "test"] && first.event.time != nil)
                // In vain first.
                #expect(try await rig.penstock.retrySetAside([first.event.id, "none"], of: "ledger") == 1)
                try await eventually("another try") {
                    try await rig.penstock.setAsideEvents(of: "ledger").contains { $0.tries == 4 }
                }
                isRepaired.set(true)
                try await rig.penstock.retrySetAside([first.event.id], of: "ledger")
                try await eventually("its job") { try await rig.ledgerCount() == 4 }
                try await eventually("one to be left") { try await rig.penstock.connectors().first?.setAside == 1 }
                #expect(try await rig.penstock.discardSetAside(aside.map(\.event.id), of: "ledger") == 1)
            }
            #expect(try await pending(rig) == 0)
            #expect(try await rig.command("EXISTS", "{t:0}:again:ledger", "{t:0}:aside:ledger").int == 0)
        }
    }

    @Test func `an effect that is refused is its event's fault, and nobody else's`() async throws {
        try await Rig.with { rig in
            let source = try RedisStreamConnector(rig.penstock, stream: "events", group: "g")
            let service = ConnectorService(
                rig.penstock, "ledger", from: source, options: .quick, logger: Rig.quiet
            ) { event in
                let queue = event.payload == Array("b 2".utf8) ? "no queue" : "ledger"
                return [.enqueue(kind: "ledger", payload: event.payload, .init(queue: queue))]
            }
            try await rig.publish(["a 1", "b 2", "a 3", "b 4", "c 5"])
            try await serving(service) {
                try await eventually("the others") { try await rig.ledgerCount() == 4 }
                try await eventually("one to be set aside") { try await rig.penstock.connectors()[0].setAside == 1 }
            }
            #expect(try await rig.ledger() == ["a 1", "a 3", "c 5", "b 4"])
            #expect(try await rig.penstock.setAsideEvents(of: "ledger")[0].reason.contains("no queue"))
        }
    }

    @Test func `another number of shards goes on where the last one stood`() async throws {
        try await Rig.with { rig in
            var entries: [String] = []
            for (round, shards) in [1, 3, 2, 3, 1].enumerated() {
                let next = Self.entries(200, keys: 9, from: 200 * round)
                entries += next
                try await rig.publish(next)
                // No key is remembered: nothing but the position keeps what was done from being done again.
                for key in try await rig.command("KEYS", "{t:0}:dedupe:*").array ?? [] {
                    try await rig.command("DEL", key.text ?? "")
                }
                try await serving(rig.ledgerService(.quick.with { $0.parallel = shards })) {
                    try await eventually("all jobs of \(shards) shards") {
                        try await rig.ledgerCount() >= entries.count
                    }
                    try await eventually("all to be acknowledged") { try await pending(rig) == 0 }
                }
                try await rig.expectLedger(entries)
            }
        }
    }

    @Test func `what somebody else has read comes in its place`() async throws {
        try await Rig.with { rig in
            let connector = try RedisStreamConnector(rig.penstock, stream: "events", group: "g")
            let session = try await connector.open(.whole)
            var iterator = session.makeAsyncIterator()
            func texts(_ events: [ConnectorEvent]?) -> [String] {
                (events ?? []).map { String(decoding: $0.payload, as: UTF8.self) }
            }
            try await rig.publish(["a 1"])
            let first = try await iterator.next()
            #expect(texts(first) == ["a 1"] && first?.first?.deliveries == 1)
            // A process that was stopped has a read under way.
            try await rig.publish(["a 2", "a 3"])
            try await rig.command("XREADGROUP", "GROUP", "g", "zombie", "COUNT", "2", "STREAMS", "events", ">")
            try await rig.publish(["a 4"])
            let second = try await iterator.next()
            #expect(texts(second) == ["a 2", "a 3", "a 4"])
            await session.close()
        }
    }

    @Test func `an entry that kills its process is set aside, and its neighbours are not`() async throws {
        try await Rig.with { rig in
            let seen = Notes<String>("seen")
            let service = try rig.ledgerService { seen.post(String(decoding: $0.payload, as: UTF8.self)) }
            try await rig.publish(["a 1", "b 2", "c 3"])
            try await rig.command("XGROUP", "CREATE", "events", "ledger", "0")
            let reply = try await rig.command("XREADGROUP", "GROUP", "ledger", "old", "STREAMS", "events", ">")
            let ids = (reply.array?.first?.array?.last?.array ?? []).compactMap { $0.array?.first?.text }
            // As after many deaths: of the first with all of them in hand, later of it alone.
            try await rig.command("XCLAIM", "events", "ledger", "old", "0", ids[0], "RETRYCOUNT", "9")
            try await rig.command("XCLAIM", "events", "ledger", "old", "0", ids[1], "RETRYCOUNT", "6")
            try await serving(service) {
                try await eventually("the others") { try await rig.ledgerCount() == 2 }
            }
            #expect(try await rig.ledger() == ["b 2", "c 3"])
            let aside = try await rig.penstock.setAsideEvents(of: "ledger")
            #expect(aside.map(\.event.id) == [ids[0]] && aside.first?.reason.contains("delivered 10 times") == true)
        }
    }

    @Test func `whoever lost the shard while it was mapping changes nothing`() async throws {
        try await Rig.with { rig in
            let other = try Rig.client(rig.redis.url)
            let (isMapping, door) = (TestSignal("mapping"), Door())
            let source = try RedisStreamConnector(rig.penstock, stream: "events", group: "g")
            // Keys of their own: nothing but the role keeps the second effect from happening.
            func service(_ penstock: Penstock, _ who: String) -> ConnectorService<RedisStreamConnector> {
                ConnectorService(penstock, "ledger", from: source, options: .quick, logger: Rig.quiet) { event in
                    if who == "zombie" {
                        isMapping.raise()
                        await door.pass()
                    }
                    let options = EnqueueOptions(queue: "ledger", idempotencyKey: "\(who) \(event.id)")
                    return [.enqueue(kind: "ledger", payload: event.payload, options)]
                }
            }
            let entries = Self.entries(20)
            try await rig.publish(entries)
            try await serving(service(rig.penstock, "zombie")) {
                try await isMapping.wait()
                try await rig.advanceClock(by: .seconds(61))
                try await serving(service(other, "heir")) {
                    try await eventually("all jobs") { try await rig.ledgerCount() == 20 }
                    door.open()
                    try await eventually("the zombie to wait for its turn") {
                        let fields = try await rig.command("HKEYS", "{t:0}:role:connector/ledger/1-of-1").array ?? []
                        return fields.contains { $0.text?.hasPrefix("w:") == true }
                    }
                }
            }
            try await rig.expectLedger(entries)
            await other.shutdown()
        }
    }

    @Test func `events wait until they are old enough, and lag is told once, and its end once`() async throws {
        try await Rig.with { rig in
            let alerts = Notes<ConnectorLagAlert>("alerts")
            let (door, isMapping) = (Door(), TestSignal("mapping"))
            let options = ConnectorOptions.quick.with {
                $0.consumeLag = .seconds(600)
                $0.lagAlert = .seconds(1200)
                $0.onLagAlert = { alerts.post($0) }
                $0.lease = .seconds(86_400)
            }
            let service = try rig.ledgerService(options) { _ in
                isMapping.raise()
                await door.pass()
            }
            try await rig.publish(["a 1"])
            try await serving(service) {
                try await eventually("the event to be read") { service.lag > .zero }
                #expect(isMapping.count == 0)
                // The client hears of the time with replies.
                try await rig.advanceClock(by: .seconds(601))
                try await rig.penstock.enqueue(Work(), .init(queue: "tick"))
                try await isMapping.wait()
                #expect(alerts.pending.isEmpty)
                try await rig.advanceClock(by: .seconds(601))
                try await rig.penstock.enqueue(Work(), .init(queue: "tick"))
                let late = try await alerts.next()
                #expect(late.isLate && late.lag >= .seconds(1200) && late.connector == "ledger")
                door.open()
                let over = try await alerts.next()
                #expect(!over.isLate && over.lag == .zero)
                #expect(try await rig.ledgerCount() == 1)
            }
            #expect(alerts.pending.isEmpty)
        }
    }

    @Test func `a queue at its cap holds the connector up, and loses nothing`() async throws {
        try await Rig.with { rig in
            try await rig.penstock.setCap(queue: "ledger", most: 2)
            try await rig.publish(["a 1", "a 2"])
            try await serving(rig.ledgerService()) {
                try await eventually("two jobs") { try await rig.ledgerCount() == 2 }
                try await rig.publish(["a 3"])
                try await eventually("the third to wait") { try await pending(rig) == 1 }
                try await rig.penstock.setCap(queue: "ledger", most: 9)
                try await eventually("three jobs", within: .seconds(20)) { try await rig.ledgerCount() == 3 }
            }
            #expect(try await rig.penstock.setAsideEvents(of: "ledger") == [])
        }
    }

    @Test(arguments: [
        ("a b", ConnectorOptions()), ("", ConnectorOptions()), ("x", ConnectorOptions(parallel: 0)),
        ("x", ConnectorOptions(lease: .zero)), ("x", ConnectorOptions(tries: 0)),
        ("x", ConnectorOptions(consumeLag: .seconds(5), lagAlert: .seconds(5))),
        ("x", ConnectorOptions(consumeLag: .seconds(-1))),
        ("x", ConnectorOptions(keyLifetime: .zero)), (String(repeating: "x", count: 190), ConnectorOptions()),
    ])
    func `bad names and options are refused with the reason`(name: String, options: ConnectorOptions) async throws {
        try await Rig.with { rig in
            let source = try RedisStreamConnector(rig.penstock, stream: "events", group: "g")
            let service = ConnectorService(rig.penstock, name, from: source, options: options) { _ in [] }
            let error = await #expect(throws: PenstockError.self) { try await service.run() }
            #expect(error?.code == .invalidArgument)
            #expect(throws: PenstockError.self) { try RedisStreamConnector(rig.penstock, stream: "", group: "g") }
            #expect(throws: PenstockError.self) { try RedisStreamConnector(url: "nonsense", stream: "s", group: "g") }
        }
    }
}
