import PenstockModel
import RedisClient

/// When a callback of a batch is enqueued.
package enum BatchEvent: String, Sendable, Hashable, CaseIterable {
    /// At the end, if every member succeeded.
    case success
    /// When the first member ended without success.
    case failure
    /// At the end.
    case done
}

/// A batch at one moment.
package struct BatchView: Sendable, Hashable {
    package let id: BatchID
    package var name = ""
    package var parent: BatchID?
    /// Members that were ever added.
    package var total = 0
    package var succeeded = 0
    package var failed = 0
    /// Members that have not ended.
    package var pending = 0
    package var isOpen = false
    /// Milliseconds since 1970.
    package var since: Int64 = 0
    package var ended: Int64?
}

package enum SealAnswer: String, Sendable { case sealed, ended, unknown }

extension Store {
    package func openBatch(
        _ id: BatchID, keep: Duration, parent: BatchID?, name: String, callbacks: [BatchEvent: NewTask]
    ) async throws(StoreError) {
        guard keep >= .seconds(1), keep <= .seconds(366 * 86_400) else {
            throw .invalid("a batch is kept for 1 s to 366 days after its end; it is \(keep)")
        }
        guard name.utf8.count <= 512 else {
            throw .invalid("name of the batch has \(name.utf8.count) bytes; at most 512 are allowed")
        }
        var arguments = RedisArguments([
            id.rawValue, String(keep.milliseconds), parent?.rawValue ?? "", name,
        ])
        for (event, task) in callbacks.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            try validate(task)
            arguments.append(event.rawValue)
            arguments.append(task.id.rawValue)
            arguments.append(task.record.bytes)
        }
        _ = try await resending(Scripts.openBatch, arguments)
    }

    package func sealBatch(_ id: BatchID) async throws(StoreError) -> SealAnswer {
        guard let answer = try await resending(Scripts.sealBatch, [id.rawValue]).text.flatMap(SealAnswer.init) else {
            throw .unexpectedReply("seal_batch")
        }
        return answer
    }

    /// Nil if there is no such batch, or it ended longer ago than it is kept.
    package func batch(_ id: BatchID) async throws(StoreError) -> BatchView? {
        let replies = try await pipeline([
            RedisCommand("HGETALL", keys.batch(id.rawValue)), RedisCommand("SCARD", keys.members(id.rawValue)),
        ])
        let fields = Dictionary(flat: replies[0].array ?? [])
        guard fields["keep"] != nil else { return nil }
        var view = BatchView(id: id)
        view.name = fields["name"] ?? ""
        view.parent = fields["parent"].flatMap { BatchID($0) }
        view.total = fields["total"].flatMap { Int($0) } ?? 0
        view.succeeded = fields["succeeded"].flatMap { Int($0) } ?? 0
        view.failed = fields["failed"].flatMap { Int($0) } ?? 0
        view.pending = replies[1].int ?? 0
        view.isOpen = fields["open"] != nil
        view.since = fields["since"].flatMap { Int64($0) } ?? 0
        view.ended = fields["ended"].flatMap { Int64($0) }
        return view
    }

    /// A call that may be repeated: it is, for a while, when its reply is lost.
    func resending(_ script: RedisScript, _ arguments: RedisArguments) async throws(StoreError) -> RedisReply {
        var attempt = ResendWindow()
        while true {
            do throws(RedisError) { return try await evaluate(script, arguments) } catch {
                guard error.isPassing || error.isOutcomeUnknown, await attempt.mayResend() else {
                    throw StoreError(error)
                }
            }
        }
    }
}
