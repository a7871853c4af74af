import PenstockModel
import Testing

@testable import PenstockRuntime
@testable import PenstockStore

@Suite("How much one call claims") struct PortionTests {
    private func claimed(_ count: Int, payload: Int) -> [ClaimedTask] {
        (0..<count).map { _ in
            let record = TaskRecord(kind: "k", queue: "q", payload: [UInt8](repeating: 0, count: payload))
            return ClaimedTask(id: id("a"), claim: 1, record: record, history: .init())
        }
    }

    @Test func `small payloads know no bound but the largest claim`() {
        var portion = Portion()
        #expect(portion.limit(10_000) == Store.largestClaim && portion.limit(0) == 0)
        portion.note(arrived: claimed(100, payload: 60))
        #expect(portion.limit(400) == 400)
    }

    @Test func `large payloads come one by one, and small ones again in numbers soon after`() {
        var portion = Portion()
        portion.note(arrived: claimed(4, payload: 10 << 20))
        #expect(portion.limit(64) == 1)
        for _ in 0..<40 { portion.note(arrived: claimed(1, payload: 60)) }
        #expect(portion.limit(64) == 64)
    }

    @Test func `lost replies ask for less and less, down to one; replies for more`() {
        var portion = Portion()
        let sizes = (0..<6).map { _ in
            portion.noteLost(room: portion.limit(64))
            return portion.limit(64)
        }
        #expect(sizes == [16, 4, 1, 1, 1, 1])
        portion.note(arrived: [])
        #expect(portion.limit(64) == 2)
    }

    @Test func `a lost call that claimed nothing says nothing of sizes`() {
        var portion = Portion()
        portion.noteLost(room: 0)
        #expect(portion.limit(64) == 64)
    }
}
