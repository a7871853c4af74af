import PenstockModel
import RedisClient

/// A run on its way into the store.
package struct NewRun: Sendable {
    package var id: RunID
    package var workflow: String
    /// Of the workflow's shape, as `keepShape` tells it.
    package var shapeDigest: String
    package var input: [UInt8]
    /// How all its tasks are queued: kind, queue, tenant, priority and options. Limits and payload are those of a task, and
    /// are not looked at.
    package var head: TaskRecord
    /// An id from outside of which the workflow has one live run.
    package var foreignID: String?
    /// Whom the run tells of its moves: bytes that nobody looks at but who tells. Nil: nobody is told.
    package var callback: [UInt8]?
    /// Names by which the run is found, no more than 16; twice the same counts once.
    package var tags: [String]
    /// For how long it is kept when it has ended. Nil: until somebody removes it.
    package var retention: Duration?
    package var once = Once()

    package static let maximumTags = 16

    package init(
        id: RunID, workflow: String, shapeDigest: String, input: [UInt8] = [], head: TaskRecord,
        foreignID: String? = nil, callback: [UInt8]? = nil, tags: [String] = [], retention: Duration? = nil
    ) {
        self.id = id
        self.workflow = workflow
        self.shapeDigest = shapeDigest
        self.input = input
        self.head = head
        self.foreignID = foreignID
        self.callback = callback
        self.tags = tags
        self.retention = retention
    }

    /// What a run is planned with before it is stored.
    package var facts: RunFacts { RunFacts(state: .pending, hasCallback: callback != nil) }

    /// What `lua/start_run.lua` has to know, from the id to the retention.
    func words(_ limits: StoreLimits) throws(StoreError) -> RedisArguments {
        do {
            try Name.kind.check(workflow)
            if let foreignID { try Name.key.check(foreignID) }
            for tag in tags { try Name.key.check(tag) }
        } catch {
            throw .invalid("\(error)")
        }
        let head = head.ofRun
        try head.checkNames("tasks of the run")
        var unique: [String] = []
        for tag in tags where !unique.contains(tag) { unique.append(tag) }
        guard unique.count <= Self.maximumTags else {
            throw .invalid("the run has \(unique.count) tags; at most \(Self.maximumTags) are allowed")
        }
        for (name, bytes) in [("the input", input), ("the callback", callback ?? [])] {
            guard bytes.count <= limits.payloadBytes else {
                throw .invalid("\(name) has \(bytes.count) bytes; at most \(limits.payloadBytes) are allowed")
            }
        }
        var words = RedisArguments([id.rawValue, workflow, shapeDigest])
        words.append(input)
        words.append(foreignID ?? "")
        words.append(head.head)
        words.append(callback.map { [UInt8(ascii: "+")] + $0 } ?? [])
        words.append(unique.joined(separator: "\t"))
        words.append(retention.map { String(max($0.milliseconds, 0)) } ?? "")
        return words
    }
}
