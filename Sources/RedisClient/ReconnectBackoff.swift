import NIOCore

/// How long to wait before the next attempt to connect: doubling from a minimum to a maximum, each pause shortened by a
/// random part of up to a half.
struct ReconnectBackoff: Sendable {
    var minimum: TimeAmount
    var maximum: TimeAmount
    /// A number from 0 up to 1, new at each call; injected, so that tests know it.
    var random: @Sendable () -> Double

    /// The pause after `failures` failed attempts in a row; none after none.
    func delay(failures: Int) -> TimeAmount {
        guard failures > 0 else { return .zero }
        let doublings = min(failures - 1, 30)
        let (product, overflow) = minimum.nanoseconds.multipliedReportingOverflow(by: 1 << doublings)
        let full = overflow ? maximum.nanoseconds : min(product, maximum.nanoseconds)
        return .nanoseconds(full - Int64(Double(full) * 0.5 * random()))
    }
}

extension TimeAmount {
    /// `duration`, and what does not fit into 64 bits of nanoseconds becomes about 73 years: no deadline overflows.
    init(bounded duration: Duration) {
        let limit = Int64.max / 4
        let (seconds, attoseconds) = duration.components
        if seconds >= limit / 1_000_000_000 {
            self = .nanoseconds(limit)
        } else if seconds < 0 {
            self = .zero
        } else {
            self = .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        }
    }
}
