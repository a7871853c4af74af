/// A suspended caller.
enum Waiter: Sendable {
    case single(CheckedContinuation<Result<RedisReply, RedisError>, Never>)
    case batch(CheckedContinuation<Result<[RedisReply], RedisError>, Never>)

    func resume(_ delivery: ConnectionStateMachine<Waiter>.Delivery) {
        switch (self, delivery) {
        case (.single(let continuation), .one(let reply)): continuation.resume(returning: .success(reply))
        case (.batch(let continuation), .many(let replies)): continuation.resume(returning: .success(replies))
        case (.single, .many), (.batch, .one): preconditionFailure("a single command has one reply, a batch has many")
        }
    }

    func resume(_ error: RedisError) {
        switch self {
        case .single(let continuation): continuation.resume(returning: .failure(error))
        case .batch(let continuation): continuation.resume(returning: .failure(error))
        }
    }
}
