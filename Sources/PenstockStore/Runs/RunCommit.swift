import PenstockModel
import RedisClient

/// What follows for a run, ready to be sent: a plan, the revision that it was made for, and what its effects carry.
///
/// Everything that Lua may have to queue is there: the heads of the records of all tasks that the plan names.
package struct RunCommit: Sendable, Hashable {
    package let run: RunID
    package let revision: Int
    package let ending: Plan.TaskEnding
    /// As for `words`, unless it is the end of an item.
    private let plain: RedisArguments
    /// Where this is the end of an item of a fan-out and nothing else: what it is, so that many go as one commit.
    let item: ItemEnd?

    /// - Parameters:
    ///   - output: what `keepOutput` and `keepObject` keep, `endItem` of an item that succeeded, `openFan` as its list, and
    ///     `erase` in place of what is gone.
    ///   - error: why steps that fail in this plan have failed; kept with them and in the history.
    ///   - moment: when the timer of `armAtCarriedMoment` is due, milliseconds since 1970.
    ///   - attempt: the attempt that ends, from 1, and `took` how long it was: for the history.
    ///   - child: of the run that `startChild` stores.
    ///   - variables: of the run, that are set with the commit. Of two commits the last counts.
    ///   - extra: effects that follow those of the plan.
    ///   - head: how a task of the run is queued: kind, queue, tenant, priority and options; the payload is not looked at.
    /// - Throws: `invalid` for an effect that cannot be stored, or a task that cannot be queued.
    package init(
        _ plan: Plan, run: RunID, revision: Int, output: [UInt8] = [], error: String = "", moment: Int64? = nil,
        attempt: Int = 1, took: Duration = .zero, child: ChildStart? = nil,
        variables: [(name: String, value: [UInt8])] = [],
        extra: [Effect] = [], head: (RunTask) -> TaskRecord
    ) throws(StoreError) {
        self.run = run
        self.revision = revision
        ending = plan.task
        if plan.effects.count == 1, extra.isEmpty, variables.isEmpty, plan.task == .done,
            case .endItem(let step, let index, let failed, let stops) = plan.effects[0]
        {
            let heads = try ItemHeads(run: run, step: step, head: head)
            item = ItemEnd(
                heads: heads, index: index, failed: failed, stops: stops,
                value: failed ? Array(TaskHistory.bounded(error).utf8) : output)
            plain = RedisArguments()
            return
        }
        item = nil
        var writer = EffectWriter(run: run, hasMoment: moment != nil, child: child)
        writer.itemValues = (output, Array(TaskHistory.bounded(error).utf8))
        try writer.append(plan.effects + extra, head)
        for variable in variables { try writer.set(variable.name, variable.value) }
        var words = RedisArguments()
        words.append(error.isEmpty ? "" : TaskHistory.bounded(error))
        words.append(output)
        words.append(moment.map { String($0) } ?? "")
        words.append(attempt > 1 ? String(attempt) : "")
        words.append(took >= .milliseconds(1) ? String(took.milliseconds) : "")
        words.append(writer.heads.count)
        for head in writer.heads { words.append(head) }
        words.append(writer.words.count)
        words.append(contentsOf: writer.words)
        plain = words
    }

    /// Whether it is the end of an item of a fan-out and nothing else.
    package var isItem: Bool { item != nil }

    /// See `lua/includes/read_plan.lua`.
    var words: RedisArguments { item.map { Self.words([$0]) } ?? plain }
}

/// How the tasks of a step's fan-out are queued: what all ends of its items have in common, and share.
package final class ItemHeads: Sendable, Hashable {
    let step: String
    /// Of the items, and of the task that brings their results together.
    let item: String
    let gather: String

    package init(run: RunID, step: String, head: (RunTask) -> TaskRecord) throws(StoreError) {
        func text(_ task: RunTask) throws(StoreError) -> String {
            var record = head(task)
            record.options.run = run
            try record.checkNames("task \(task.text.debugDescription) of run \(run)")
            return record.head
        }
        self.step = step
        item = try text(.item(step, 0))
        gather = try text(.gather(step))
    }

    package static func == (left: ItemHeads, right: ItemHeads) -> Bool {
        left === right || (left.step == right.step && left.item == right.item && left.gather == right.gather)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(step) }
}

/// The end of an item of a fan-out.
package struct ItemEnd: Sendable, Hashable {
    let heads: ItemHeads
    let index: Int
    let failed: Bool
    let stops: Bool
    /// Its result, or its error.
    let value: [UInt8]

    package init(heads: ItemHeads, index: Int, failed: Bool, stops: Bool, value: [UInt8]) {
        self.heads = heads
        self.index = index
        self.failed = failed
        self.stops = stops
        self.value = value
    }
}

extension RunCommit {
    /// The end of an item, without looking at its step's heads again.
    package init(_ item: ItemEnd, run: RunID, revision: Int) {
        self.run = run
        self.revision = revision
        ending = .done
        plain = RedisArguments()
        self.item = item
    }

    /// What follows for a run when items of one fan-out have ended: see `lua/includes/read_plan.lua`.
    static func words(_ items: [ItemEnd]) -> RedisArguments {
        var words = RedisArguments()
        guard let heads = items.first?.heads else { return words }
        for text in ["", "", "", "", ""] { words.append(text) }
        words.append(2)
        words.append(heads.item)
        words.append(heads.gather)
        words.append(7 + 4 * items.count)
        for text in ["items", heads.step, "1", RunTask.itemText(heads.step), "2", RunTask.gather(heads.step).text] {
            words.append(text)
        }
        words.append(items.count)
        for item in items {
            words.append(item.index)
            words.append(item.failed ? "1" : "0")
            words.append(item.stops ? "1" : "0")
            words.append(item.value)
        }
        return words
    }
}

/// The run that a step starts, as far as its definition says.
package struct ChildStart: Sendable {
    package var shapeDigest: String
    package var input: [UInt8]
    /// How all its tasks are queued, as of `NewRun`.
    package var head: TaskRecord
    /// As of `NewRun`.
    package var retention: Duration?

    package init(shapeDigest: String, input: [UInt8], head: TaskRecord, retention: Duration? = nil) {
        self.shapeDigest = shapeDigest
        self.input = input
        self.head = head
        self.retention = retention
    }
}

/// How a worker ends a task of a run.
package struct EndedRunTask: Sendable {
    package let id: TaskID
    package let claim: Int
    package let task: RunTask
    package let commit: RunCommit

    package init(id: TaskID, claim: Int, task: RunTask, commit: RunCommit) {
        self.id = id
        self.claim = claim
        self.task = task
        self.commit = commit
    }
}

/// A commit that was not applied, since the run was no longer as it was planned for. Its task is held as before.
package struct RefusedCommit: Sendable, Hashable {
    package let id: TaskID
    /// The run as it is; nil if there is no such run.
    package let run: RunSummary?
}

/// Writes effects as words: a name and its arguments each, see `lua/includes/read_effects.lua`.
private struct EffectWriter {
    let run: RunID
    let hasMoment: Bool
    let child: ChildStart?
    var heads: [String] = []
    var words = RedisArguments()
    /// What an item keeps that ends among other effects: its result, or its error.
    var itemValues: (output: [UInt8], error: [UInt8]) = ([], [])
    private var places: [String: Int] = [:]

    init(run: RunID, hasMoment: Bool, child: ChildStart?) {
        self.run = run
        self.hasMoment = hasMoment
        self.child = child
    }

    mutating func append(_ effects: [Effect], _ head: (RunTask) -> TaskRecord) throws(StoreError) {
        for effect in effects { try append(effect, head) }
    }

    mutating func set(_ variable: String, _ value: [UInt8]) throws(StoreError) {
        do { try Name.kind.check(variable) } catch { throw .invalid("variable of run \(run): \(error)") }
        write("var", variable)
        words.append(value)
    }

    private mutating func place(of task: RunTask, _ head: (RunTask) -> TaskRecord) throws(StoreError) -> String {
        try place(of: task, run: run, head)
    }

    private mutating func place(
        of task: RunTask, run: RunID?, _ head: (RunTask) -> TaskRecord
    ) throws(StoreError) -> String {
        var record = head(task)
        record.options.run = run
        try record.checkNames("task \(task.text.debugDescription) of run \(self.run)")
        let text = record.head
        if let place = places[text] { return String(place) }
        heads.append(text)
        places[text] = heads.count
        return String(heads.count)
    }

    private mutating func write(_ texts: String...) { for text in texts { words.append(text) } }

    private mutating func write(
        _ launch: Launch, _ head: (RunTask) -> TaskRecord
    ) throws(StoreError) {
        write(
            try place(of: launch.task, head), launch.task.text, launch.step, launch.from.map(\.letter).joined(),
            launch.to.letter)
    }

    private mutating func writeItems(_ step: String, _ head: (RunTask) -> TaskRecord) throws(StoreError) {
        write(try place(of: .item(step, 0), head), RunTask.itemText(step))
        write(try place(of: .gather(step), head), RunTask.gather(step).text)
    }

    private mutating func append(_ effect: Effect, _ head: (RunTask) -> TaskRecord) throws(StoreError) {
        switch effect {
        case .moveRun(let from, let to): write("run", from.letter, to.letter)
        case .setFact(.isFailing(let value)): write("fact", "failing", value ? "1" : "0")
        case .setFact(.rollsBackOnCancel(let value)): write("fact", "rolls", value ? "1" : "0")
        case .setFact(.stuckRollbacks(let count)): write("fact", "stuck", String(count))
        case .moveStep(let step, let from, let to, let branch):
            write("move", step, from.letter, to.letter, branch ?? "")
        case .keepOutput(let step): write("keep", step)
        case .launch(let launch):
            write("launch")
            try write(launch, head)
        case .schedule(let task, let opens):
            // What an outside event brings comes with its task.
            var brings = false
            if case .event = task { brings = true }
            write("add", try place(of: task, head), task.text, opens ? "1" : "0", brings ? "1" : "0")
        case .arrive(let arrival):
            switch arrival.join {
            case .forward(let step): write("arrive", "j", step)
            case .backward(let step): write("arrive", "k", step)
            }
            write(String(arrival.taken), String(arrival.missed), String(arrival.need), String(arrival.edges))
            try write(arrival.launch, head)
        case .resetStep(let step, let to, let taken, let missed, let keepsItems):
            write("reset", step, to.letter, String(taken), String(missed), keepsItems ? "1" : "0")
        case .close: write("close")
        case .whenIdle(let then):
            var inner = EffectWriter(run: run, hasMoment: hasMoment, child: child)
            (inner.heads, inner.places, inner.itemValues) = (heads, places, itemValues)
            try inner.append(then, head)
            (heads, places) = (inner.heads, inner.places)
            write("idle", String(inner.words.count))
            words.append(contentsOf: inner.words)
        case .arm(let task, let after):
            write("arm", try place(of: task, head), task.text, String(max(after.milliseconds, 0)))
        case .disarm(let task): write("disarm", task.text)
        case .armAtCarriedMoment(let task):
            guard hasMoment else { throw .invalid("the commit carries no moment for \(task.text.debugDescription)") }
            write("armat", try place(of: task, head), task.text)
        case .openFan(let step, .all(let tasks, let window)):
            guard window <= FanOut.maximumConcurrency else { throw .invalid("window of \(step) is \(window)") }
            write("fan", step, "all", String(tasks), String(window))
            try writeItems(step, head)
        case .openFan(let step, .rest(let window)):
            guard window <= FanOut.maximumConcurrency else { throw .invalid("window of \(step) is \(window)") }
            write("fan", step, "rest", "0", String(window))
            try writeItems(step, head)
        case .endItem(let step, let index, let failed, let stops):
            write("items", step)
            try writeItems(step, head)
            write("1", String(index), failed ? "1" : "0", stops ? "1" : "0")
            words.append(failed ? itemValues.error : itemValues.output)
        case .releaseParked: write("release")
        case .enterState(let state): write("enter", state)
        case .keepObject: write("object")
        case .awaitSignal(let signal, let step):
            write("await", signal, step, try place(of: .signalled(step), head), RunTask.signalled(step).text)
        case .startChild(let workflow, let step):
            guard let child else { throw .invalid("the commit carries no child run for step \(step)") }
            do { try Name.kind.check(workflow.workflow) } catch { throw .invalid("\(error)") }
            write("child", step, workflow.isAwaited ? "1" : "0", workflow.workflow, child.shapeDigest)
            words.append(child.input)
            write(child.retention.map { String(max($0.milliseconds, 0)) } ?? "")
            // Its id is Lua's to make.
            write(try place(of: .start(from: 0), run: nil) { _ in child.head.ofRun })
            write(try place(of: .childEnded(step), head), RunTask.childEnded(step).text)
        case .cancelChild(let step): write("stop", step)
        case .tellParent(let state): write("tell", state.letter)
        case .eraseStep(let step): write("erase", step)
        case .erase(let remains): write("forget", remains.field)
        }
    }
}

extension RunRemains {
    /// The field of the run's hash that takes it.
    fileprivate var field: String {
        switch self {
        case .nothing: ""
        case .input: "i"
        case .object: "b"
        }
    }
}
