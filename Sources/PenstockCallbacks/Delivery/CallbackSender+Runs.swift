import Penstock

/// Delivers the callbacks of runs: `Worker.Options.callbacks = sender`.
extension CallbackSender: RunCallbackSender {
    public func send(url: String, id: String, body: [UInt8]) async throws {
        try await send(url: url, id: id, body: body, headers: [:])
    }
}

/// What a run's worker does with a callback that was not delivered.
extension CallbackError: FailureDisposing {
    public var disposition: FailureDisposition {
        switch retry {
        case .never: .permanent
        case .byPolicy: .retryable
        case .after(let wait): .retryAfter(wait)
        }
    }
}
