import PenstockModel
import RedisClient

/// What a watcher of runs heard.
package struct RunMoves: Sendable {
    /// Runs that have moved, with the last entry of their history.
    package var runs: [(run: RunID, last: String)] = []
    /// The last nudge.
    package var nudge: String
}

extension Store {
    /// Waits until one of these runs has moved beyond the entry of its history that was seen last, or until the watcher is
    /// nudged, on a connection of its own, up to `timeout`. It reads the histories, so nobody has to tell anybody, and
    /// a run that no one watches costs nothing more.
    package func moves(
        of runs: [(run: RunID, last: String)], watcher: String, nudge: String, on connection: RedisBlockingConnection,
        timeout: Duration
    ) async throws(StoreError) -> RunMoves {
        var arguments = RedisArguments(["COUNT", "1000", "BLOCK", String(max(timeout.milliseconds, 1)), "STREAMS"])
        arguments.append(keys.nudges(watcher))
        for (run, _) in runs { arguments.append(keys.history(run)) }
        arguments.append(nudge)
        for (_, last) in runs { arguments.append(last) }
        let reply: RedisReply
        do throws(RedisError) {
            reply = try await connection.send(RedisCommand("XREAD", arguments), deadline: timeout + .seconds(5))
        } catch {
            throw StoreError(error)
        }
        var byKey: [String: RunID] = [:]
        for (run, _) in runs { byKey[keys.history(run)] = run }
        var moves = RunMoves(nudge: nudge)
        for stream in reply.array ?? [] {
            guard let parts = stream.array, parts.count == 2, let key = parts[0].text,
                let last = parts[1].array?.last?.array?.first?.text
            else { continue }
            if let run = byKey[key] { moves.runs.append((run, last)) } else { moves.nudge = last }
        }
        return moves
    }

    /// Has a watcher look which runs it is to watch.
    package func nudge(watcher: String) async throws(StoreError) {
        let key = keys.nudges(watcher)
        _ = try await pipeline([
            RedisCommand("XADD", key, "MAXLEN", "1", "*", "n", "1"), RedisCommand("EXPIRE", key, "10"),
        ])
    }
}

extension Store {
    /// The tasks of a run that have not ended, the oldest first, among the last 2,000 that it has made: what each is for, where
    /// this version knows that.
    package func liveTasks(of run: RunID, made: Int) async throws(StoreError) -> [(TaskID, RunTask?)] {
        // See `lua/includes/queue_task.lua`.
        let ids = (max(1, made - 1999)...max(1, made)).compactMap { number -> TaskID? in
            let digits = String(number)
            let letter = Character(Unicode.Scalar(UInt8(ascii: "a") + UInt8(digits.utf8.count) - 1))
            return TaskID("\(run)-\(letter)\(digits)")
        }
        var arguments = RedisArguments([keys.tasks])
        for id in ids { arguments.append(id.rawValue) }
        let records = try await send(RedisCommand("HMGET", arguments)).array ?? []
        return zip(ids, records).compactMap { id, record in
            guard let bytes = record.bytes, let record = TaskRecord(bytes) else { return nil }
            return (id, RunTaskPayload(record.payload)?.task)
        }
    }
}
