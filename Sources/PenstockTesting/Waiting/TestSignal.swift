/// A named moment that can be raised many times, and waited for before or after it was.
public final class TestSignal: Sendable {
    public let name: String
    private let raised = Watched(0)

    public init(_ name: String) {
        self.name = name
    }

    public func raise() {
        raised.change { $0 += 1 }
    }

    public var count: Int { raised.value }

    /// Waits until it has been raised `times` times in all.
    public func wait(times: Int = 1, within limit: Duration = .seconds(10)) async throws {
        let what = times == 1 ? "signal \"\(name)\"" : "signal \"\(name)\", \(times) times"
        try await raised.wait(for: what, within: limit) { $0 >= times ? () : nil }
    }
}
