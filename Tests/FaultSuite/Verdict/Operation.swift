/// One operation of a producer, and what it was told of it.
struct Operation: Sendable, Hashable {
    enum Outcome: String, Sendable {
        case ok, fail, unknown
    }

    /// `job`, `confirmed` (by a replica), `run`, `failing-run`, `signal`, `idle` (to be cancelled), `poison`, `lost-key`.
    var kind: String
    var key: String
    var invoked: Int64
    var outcome = Outcome.unknown
    /// When it was told for the last time.
    var ended: Int64?
    /// Of the job or run.
    var id = ""
    /// Whether the first answer was lost, and it was known after all.
    var isRecovered = false

    /// Operations by kind and key, from what producers have written.
    static func read(_ records: some Sequence<Record>) -> [String: Operation] {
        var operations: [String: Operation] = [:]
        for record in records.lazy.filter({ ["invoke", "ok", "fail", "unknown"].contains($0.what) }) {
            // Asked again, a confirmed job is a job like any other.
            let kind = record.word(0)
            let key = record.word(1)
            let name = "\(kind == "confirmed" ? "job" : kind) \(key)"
            if record.what == "invoke" {
                operations[name] = Operation(kind: kind, key: key, invoked: record.at)
                continue
            }
            guard var operation = operations[name], let outcome = Outcome(rawValue: record.what) else { continue }
            operation.isRecovered = outcome == .ok && operation.outcome == .unknown && operation.ended != nil
            if operation.isRecovered { operation.kind = kind }
            operation.outcome = outcome
            operation.ended = record.at
            if outcome == .ok { operation.id = record.word(2) }
            operations[name] = operation
        }
        return operations
    }
}
