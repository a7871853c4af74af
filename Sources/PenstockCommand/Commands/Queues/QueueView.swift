import Penstock

/// A queue in numbers; the same names everywhere.
struct QueueView: Encodable {
    let ready: Int
    /// As good as ready, but parked by a limit.
    let limited: Int
    let delayed: Int
    let running: Int
    let dead: Int
    let completed: Int
    let retried: Int
    let recovered: Int
    let cancelled: Int
    let expired: Int
    let paused: Bool

    init(_ status: QueueStatus) {
        ready = status.ready
        limited = status.limited
        delayed = status.delayed
        running = status.running
        dead = status.dead
        completed = status.completed
        retried = status.retried
        recovered = status.recovered
        cancelled = status.cancelled
        expired = status.expired
        paused = status.isPaused
    }
}

/// All queues: `{"queues": {name: numbers}}`.
struct QueuesView: Encodable {
    let queues: [String: QueueView]

    init(_ all: [QueueStatus]) {
        queues = Dictionary(all.map { ($0.name, QueueView($0)) }, uniquingKeysWith: { first, _ in first })
    }
}

enum QueueTable {
    static func render(_ queues: [QueueStatus]) -> String {
        if queues.isEmpty { return "No queue has had a job yet." }
        let style = Style.output
        var table = Table(
            [.text("queue")]
                + ["ready", "limited", "delayed", "running", "dead", "completed", "retried", "recovered"].map {
                    .number($0)
                }
                + [.text("oldest"), .text("state")])
        for queue in queues.sorted(by: { $0.name < $1.name }) {
            func number(_ count: Int, _ paint: @escaping (String) -> String = { $0 }) -> Table.Cell {
                Table.Cell(HumanText.count(count), paint: count == 0 ? style.dim : paint)
            }
            table.add([
                Table.Cell(queue.name, paint: style.bold), number(queue.ready), number(queue.limited, style.yellow),
                number(queue.delayed),
                number(queue.running, style.cyan), number(queue.dead, style.red), number(queue.completed, style.green),
                number(queue.retried), number(queue.recovered),
                Table.Cell(queue.oldest.map { HumanText.age(since: $0) } ?? "-"),
                queue.isPaused ? Table.Cell("paused", paint: style.yellow) : Table.Cell("open"),
            ])
        }
        return table.render()
    }
}
