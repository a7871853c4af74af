import PenstockModel
import RedisClient

extension Store {
    /// Stores tasks, and waits on the same connection until so many replicas have them. Everything else about it is as
    /// without replicas: chunks, resending, idempotency keys.
    func enqueue(
        _ tasks: [NewTask], confirmedBy replicas: ReplicaConfirmation
    ) async throws(StoreError) -> [EnqueueAnswer] {
        if let problem = replicas.problem { throw .invalid(problem) }
        if tasks.isEmpty { return [] }
        return try await replicaLines.withLine { line throws(StoreError) in
            try await expectReplicas(replicas.count, of: line)
            var (answers, token) = try await store(tasks, through: line)
            let confirmed = try await confirm(answers.map(\.id), token: token, by: replicas, on: line)
            for i in answers.indices { answers[i].confirmedReplicas = confirmed }
            return answers
        }
    }

    /// Refuses before anything is stored what cannot succeed: on a lone Redis, WAIT takes all its time for nothing.
    private func expectReplicas(_ count: Int, of line: RedisClient) async throws(StoreError) {
        // Who cannot be asked is not refused for it: the enqueue finds out.
        guard let reply = try? await line.send(RedisCommand("ROLE")), let role = reply.array, role.count >= 3,
            role[0].text == "master", let attached = role[2].array?.count
        else { return }
        guard attached >= count else { throw .noReplicas(attached: attached, asked: count) }
    }

    /// Waits until replicas have what was stored under this token.
    ///
    /// WAIT speaks of what was written on its own connection before. The tasks may have been written on another one: when
    /// this one was lost and made again, when the call had to be sent again, or when an idempotency key was known. So each
    /// WAIT comes behind a write of its own. Replicas apply writes in order: who has it has the tasks. The write renews the
    /// token, which exists as long as the server we talk to has the call; if it does not, a replica was promoted that
    /// lacks it.
    private func confirm(
        _ ids: [TaskID], token: String, by replicas: ReplicaConfirmation, on line: RedisClient
    ) async throws(StoreError) -> Int {
        let end = ContinuousClock.now + replicas.limit
        var pause = Duration.milliseconds(5)
        func failure(_ confirmed: Int?, _ reason: String?) -> StoreError {
            .notReplicated(ids, confirmed: confirmed, asked: replicas.count, reason: reason)
        }
        while true {
            let answer: (isKnown: Bool, confirmed: Int)?
            do throws(RedisError) {
                let left = max(end - .now, .milliseconds(1))
                answer = try await waitOnce(for: replicas.count, left, token: token, on: line)
            } catch {
                guard error.mayPass, .now + pause < end else { throw failure(nil, "\(error)") }
                answer = nil
            }
            if let answer {
                guard answer.isKnown else {
                    throw failure(nil, "this Redis no longer knows of the call: a replica was promoted")
                }
                guard answer.confirmed >= replicas.count else { throw failure(answer.confirmed, nil) }
                return answer.confirmed
            }
            let wait = pause
            // Unstructured: a child task would inherit a cancellation that others who share the call know nothing of.
            await Task.detached { try? await Task.sleep(for: wait) }.value
            pause = min(pause * 2, .milliseconds(250))
        }
    }

    /// One write and one WAIT behind it.
    private func waitOnce(
        for count: Int, _ limit: Duration, token: String, on line: RedisClient
    ) async throws(RedisError) -> (isKnown: Bool, confirmed: Int) {
        let replies = try await line.pipeline(
            [
                RedisCommand("EXPIRE", keys.sent(token), "30"),
                // Zero would be without end.
                RedisCommand("WAIT", "\(count)", "\(max(limit.milliseconds, 1))"),
            ], timeout: limit + line.configuration.blockingMargin)
        for case .error(let error) in replies { throw .server(error) }
        guard replies.count == 2, let known = replies[0].int, let confirmed = replies[1].int else {
            throw .invalidReply("WAIT")
        }
        return (known == 1, confirmed)
    }
}

extension RedisError {
    /// Whether it may be over when a connection is made anew, or the server has found its role.
    fileprivate var mayPass: Bool {
        switch self {
        case .unavailable, .outcomeUnknown: true
        default: isPassing
        }
    }
}
