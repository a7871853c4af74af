import Penstock
import PenstockTesting
import Testing

@Suite("How many at once, and which", .timeLimit(.minutes(10))) struct ConcurrencyTests {
    @Test("never more than the worker's concurrency, and not less while there is work", arguments: [1, 3, 16])
    func concurrency(limit: Int) async throws {
        try await Rig.with { rig in
            let inside = Occupancy()
            try await rig.penstock.enqueue(many: (0..<400).map { Work(number: $0) })
            try await RunningWorker.with(rig.penstock, concurrency: limit, options: .draining) { worker in
                worker.handle(Work.self) { job, _ in
                    inside.enter()
                    // Sleeps because: it is the job's work, in some of them.
                    if job.number % 4 == 0 { try await Task.sleep(for: .milliseconds(2)) } else { await Task.yield() }
                    inside.leave()
                }
            } _: { running in
                try await running.events.next("the end", within: .seconds(40)) { $0 == .stopped }
            }
            #expect(inside.most <= limit && inside.total == 400)
            #expect(limit > 8 || inside.most == limit)
            #expect(try await rig.queue().completed == 400)
        }
    }

    @Test("a kind with a bound keeps to it, by two workers each, and holds up no other")
    func kinds() async throws {
        try await Rig.with { rig in
            let narrow = [Occupancy(), Occupancy()]
            let wide = Occupancy()
            let both = [Occupancy(), Occupancy()]
            // The narrow ones come first, so that a worker that stopped at them would start no wide one.
            try await rig.penstock.enqueue(many: (0..<60).map { Other(number: $0) })
            try await rig.penstock.enqueue(many: (0..<200).map { Work(number: $0) })
            let options = Worker.Options.draining.with { $0.kindConcurrency = [Other.name: 2] }
            @Sendable func prepare(_ place: Int) -> (Worker) -> Void {
                { worker in
                    worker.handle(Other.self) { _, _ in
                        narrow[place].enter()
                        both[place].enter()
                        // Sleeps because: it is the job's work.
                        try await Task.sleep(for: .milliseconds(10))
                        both[place].leave()
                        narrow[place].leave()
                    }
                    worker.handle(Work.self) { _, _ in
                        both[place].enter()
                        wide.enter()
                        wide.leave()
                        both[place].leave()
                    }
                }
            }
            try await RunningWorker.with(rig.penstock, concurrency: 8, options: options, prepare: prepare(0)) { first in
                try await RunningWorker.with(rig.penstock, concurrency: 8, options: options, prepare: prepare(1)) {
                    second in
                    try await first.events.next("the end", within: .seconds(30)) { $0 == .stopped }
                    try await second.events.next("the end", within: .seconds(30)) { $0 == .stopped }
                }
            }
            for place in 0...1 { #expect(narrow[place].most <= 2 && both[place].most <= 8) }
            #expect(narrow[0].total + narrow[1].total == 60 && wide.total == 200)
            #expect(narrow.map(\.most).max() == 2)
            try await rig.expectNothingLeft()
        }
    }

    @Test("kinds that a worker does not know are left alone, are seen, and go to one that knows them")
    func unknownKinds() async throws {
        try await Rig.with { rig in
            let known = Notes<Int>("known")
            let unknown = Notes<Int>("unknown")
            let ids = try await rig.penstock.enqueue(many: (0..<30).map { Other(number: $0) }).map(\.id)
            try await rig.penstock.enqueue(many: (0..<10).map { Work(number: $0) })
            try await RunningWorker.with(rig.penstock) {
                $0.handle(Work.self) { job, _ in known.post(job.number) }
            } _: { _ in
                #expect(Set(try await known.next(10)) == Set(0..<10))
                try await eventually("the commits") { try await rig.queue().running == 0 }
                let queue = try await rig.queue()
                #expect(queue.kindsSetAside == [Other.name])
                #expect(queue.ready == 30)
                let first = try await rig.penstock.status(ids[0])
                #expect(first.state == .queued && first.failedAttempts == 0 && first.position == 0)
                // A worker that knows them comes.
                try await RunningWorker.with(rig.penstock, concurrency: 1) { worker in
                    worker.handle(Other.self) { job, _ in unknown.post(job.number) }
                } _: { second in
                    #expect(try await unknown.next(30) == Array(0..<30), "in their order")
                    // And is told at once of one that comes while both are idle, whoever is woken first.
                    try await eventually("two idle workers") {
                        try await rig.command("SCARD", "{t:0}:idle:default").int == 2
                    }
                    for number in 100..<110 {
                        let asked = ContinuousClock.now
                        try await rig.penstock.enqueue(Other(number: number))
                        #expect(try await unknown.next() == number)
                        #expect(ContinuousClock.now - asked < .seconds(3))
                    }
                    try await eventually("the commits") { second.worker.statistics.completed == 40 }
                }
            }
            #expect(known.pending.isEmpty)
            try await rig.expectNothingLeft()
        }
    }

    @Test("two queues of one worker are served in turn, and a third is left alone")
    func queues() async throws {
        try await Rig.with { rig in
            let order = Notes<String>("order")
            for queue in ["a", "b", "c"] {
                try await rig.penstock.enqueue(many: (0..<40).map { Work(number: $0) }, .init(queue: queue))
            }
            try await RunningWorker.with(rig.penstock, queues: ["a", "b"], concurrency: 1, options: .draining) {
                worker in
                worker.handle(Work.self) { _, context in
                    order.post(context.queue)
                    // Sleeps because: a job that takes longer than workers claim ahead is not claimed ahead, so that turns
                    // are seen one by one.
                    try await Task.sleep(for: .milliseconds(25))
                }
            } _: { running in
                try await running.events.next("the end", within: .seconds(30)) { $0 == .stopped }
            }
            let served = order.pending
            #expect(served.count == 80)
            let early = served.prefix(40).filter { $0 == "a" }.count
            #expect((15...25).contains(early), "\(early) of the first 40 were a's")
            #expect(try await rig.queue("c").ready == 40)
        }
    }
}
