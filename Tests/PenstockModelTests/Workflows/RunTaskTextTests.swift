import PenstockModel
import Testing

@Suite struct RunTaskTextTests {
    static let tasks: [RunTask] = [
        .start(from: 0), .start(from: 500), .step("a"), .item("a:b/c@1", 99_999), .gather("a"), .sync("a"),
        .health("a"),
        .waitLimit("a"), .signalled("a"), .childEnded("a"), .sweep(from: 3), .planRollback(from: 4),
        .rollBack("a", call: true), .rollBack("a", call: false), .prepare(.retry, from: 0),
        .prepare(.rerun("retry"), from: 7), .prepare(.skip("a"), from: 8), .visit("open", 1), .visitTimeout("open", 2),
        .event("paid", "open", 3), .resume(4), .cancel, .deleteData(from: 0), .deleteData(from: 500), .hook(.completed),
        .callback(CallbackMoment(.rollingBack)),
        .callback(CallbackMoment(.succeeded, step: "a")), .step("item"), .visit("1", 2),
    ]

    @Test("a task comes back as it was written", arguments: tasks)
    func roundTrip(task: RunTask) {
        #expect(RunTask(text: task.text) == task)
        #expect(!task.text.contains("\n"))
    }

    @Test("no two tasks are written alike")
    func distinct() {
        #expect(Set(Self.tasks.map(\.text)).count == Self.tasks.count)
    }

    @Test("the text of an item is its beginning and its number")
    func items() {
        #expect(RunTask.item("a", 12).text == RunTask.itemText("a") + "12")
    }

    @Test(
        "what no task says is refused",
        arguments: [
            "", "step", "step\ta\tb", "walk\ta", "item\ta", "item\ta\tx", "start", "start\tx", "roll-back\ta\tmaybe",
            "prepare\t0", "prepare\t0\tnone", "prepare\tx\tretry", "hook\tnever", "callback\tnever", "visit\topen",
            "visit\topen\tx", "event\ta\tb", "cancel\tnow", "delete-data", "delete-data\tall",
        ])
    func refused(text: String) {
        #expect(RunTask(text: text) == nil)
    }
}
