import Foundation
import PenstockModel
import PenstockTesting
import Testing

@testable import Penstock

@Suite struct ShardQueueTests {
    @Test(arguments: 0..<50)
    func `whatever fails, those of a key come in order, and each until it is done or has had its tries`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var queue = ShardQueue(tries: 3, backoff: .constant(.seconds(1)), lag: .zero)
        var now = ContinuousClock.now
        var next = 0
        var (over, tries): ([Int], [Int: Int]) = ([], [:])
        // Those that were set aside have no effect, and so no place in the order.
        var aside: Set<Int> = []
        func setAside(_ number: Int) {
            over.append(number)
            aside.insert(number)
        }
        while over.count < 300 {
            if queue.hasRoom, next < 300 {
                let count = Int.random(in: 1...30, using: &random)
                queue.add(
                    (next..<min(300, next + count)).map { ConnectorEvent(id: "\($0)", key: "k\($0 % 5)") })
                next = min(300, next + count)
            }
            // As in ShardWorker: some fail when they are mapped, some when they are applied.
            var mapped: [ConnectorEvent] = []
            var failedKeys: Set<String> = []
            for event in queue.portion(now: now, date: Date()) {
                guard let number = Int(event.id) else { continue }
                if queue.isBlocked(event) {
                    queue.park(event)
                } else if Int.random(in: 0..<6, using: &random) == 0 {
                    tries[number, default: 0] += 1
                    if queue.failed(event, isFinal: false) {
                        setAside(number)
                    } else {
                        queue.putBack([event], now: now)
                    }
                } else {
                    mapped.append(event)
                }
            }
            var back: [ConnectorEvent] = []
            for event in mapped {
                guard let number = Int(event.id) else { continue }
                if failedKeys.contains(event.orderKey) {
                    back.append(event)
                } else if Int.random(in: 0..<6, using: &random) == 0 {
                    failedKeys.insert(event.orderKey)
                    tries[number, default: 0] += 1
                    if queue.failed(event, isFinal: false) { setAside(number) } else { back.append(event) }
                } else {
                    queue.done(event)
                    over.append(number)
                }
            }
            queue.putBack(back, now: now)
            now += .milliseconds(Int.random(in: 0...700, using: &random))
        }
        #expect(Set(over).count == 300 && over.count == 300)
        #expect(queue.count == 0 && tries.values.allSatisfy { $0 <= 3 })
        for key in 0..<5 {
            let own = over.filter { $0 % 5 == key && !aside.contains($0) }
            #expect(own == own.sorted(), "key \(key)")
        }
    }

    @Test func `an event that waits for its next try holds up its key alone`() {
        let now = ContinuousClock.now
        var queue = ShardQueue(tries: 3, backoff: .constant(.seconds(1)), lag: .seconds(10))
        let date = Date()
        func event(_ id: String, _ key: String, age: Double) -> ConnectorEvent {
            ConnectorEvent(id: id, key: key, time: date.addingTimeInterval(-age))
        }
        queue.add([
            event("1", "a", age: 30), event("2", "b", age: 20), event("3", "a", age: 12), event("4", "b", age: 4),
        ])
        let first = queue.portion(now: now, date: date)
        #expect(first.map(\.id) == ["1", "2", "3"])
        #expect(queue.failed(first[0], isFinal: false) == false)
        queue.putBack([first[0]], now: now)
        queue.park(first[2])
        #expect(queue.portion(now: now, date: date) == [] && queue.count == 3)
        #expect(queue.nextMoment(now: now, date: date) == now + .seconds(1))
        #expect(queue.oldest == first[0].time)
        #expect(queue.portion(now: now + .seconds(1), date: date).map(\.id) == ["1", "3"])
        #expect(queue.portion(now: now + .seconds(6), date: date.addingTimeInterval(6)).map(\.id) == ["4"])
    }

    @Test func `what is put into a letterbox is taken once, also after waits in vain`() async {
        let box = Letterbox<Int>()
        for round in 1...3 {
            #expect(await box.take(within: .milliseconds(1)) == nil)
            async let taken = box.take(within: .seconds(10))
            box.put(round)
            #expect(await taken == round)
            #expect(await box.take(within: .zero) == nil)
        }
        box.put(1)
        box.put(2)
        #expect(await box.take() == 2)
        let waiter = Task { await box.take() }
        waiter.cancel()
        #expect(await waiter.value == nil)
    }
}
