/// How much a limit lets through: a rate, a number of jobs at once, or both.
public struct LimitTerms: Sendable, Hashable, CustomStringConvertible {
    /// So many jobs may start in each period, evenly spread; after a pause, `burst` of them at once.
    ///
    /// Tokens are counted by the generic cell rate algorithm (ITU-T I.371), by Redis's clock, in microseconds: in any time
    /// t at most `burst + t × jobs / period` jobs start.
    public struct Rate: Sendable, Hashable, CustomStringConvertible {
        public let jobs: Int
        public let period: Duration
        public let burst: Int

        /// Time for one token, in microseconds.
        public var interval: Double { Double(period.microseconds) / Double(jobs) }

        /// As people write it: `10/s`, `600/m`, `3/10s`.
        public var description: String {
            let milliseconds = period.milliseconds
            for (unit, length) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
            where milliseconds % length == 0 {
                return "\(jobs)/\(milliseconds == length ? "" : "\(milliseconds / length)")\(unit)"
            }
            return "\(jobs)/\(milliseconds)ms"
        }
    }

    public let rate: Rate?
    /// So many jobs may run at once, on all workers together.
    public let concurrency: Int?

    /// - Parameters:
    ///   - burst: by default a tenth of a second's worth, and at least 1.
    /// - Throws: what is wrong: a rate of zero, a period outside 1 ms to 366 days, a burst outside 1 to 1,000,000, fewer
    ///   than one job at once, or neither rate nor concurrency.
    public init(
        jobs: Int? = nil, per period: Duration = .seconds(1), burst: Int? = nil, concurrency: Int? = nil
    ) throws(InvalidLimit) {
        if let jobs {
            guard (1...10_000_000).contains(jobs) else {
                throw InvalidLimit(
                    problem: "rate must be 1 to 10000000 jobs; it is \(jobs). To stop a queue or kind, pause it")
            }
            guard period >= .milliseconds(1), period <= .seconds(366 * 86_400) else {
                throw InvalidLimit(problem: "period of a rate must be 1 ms to 366 days; it is \(period)")
            }
            let interval = Double(period.microseconds) / Double(jobs)
            guard interval >= 0.1 else {
                throw InvalidLimit(problem: "rate must be at most 10 jobs a microsecond; it is \(jobs) per \(period)")
            }
            let tenth = Int(100_000 / interval)
            let burst = burst ?? min(max(tenth, 1), 1_000_000)
            guard (1...1_000_000).contains(burst) else {
                throw InvalidLimit(problem: "burst must be 1 to 1000000; it is \(burst)")
            }
            rate = Rate(jobs: jobs, period: period, burst: burst)
        } else {
            guard burst == nil else { throw InvalidLimit(problem: "burst needs a rate") }
            rate = nil
        }
        if let concurrency {
            guard (1...10_000_000).contains(concurrency) else {
                throw InvalidLimit(
                    problem:
                        "concurrency must be 1 to 10000000; it is \(concurrency). To stop a queue or kind, pause it")
            }
        } else if jobs == nil {
            throw InvalidLimit(problem: "a limit needs a rate, a concurrency or both")
        }
        self.concurrency = concurrency
    }

    public var description: String {
        var parts: [String] = []
        if let rate { parts.append("\(rate), burst \(rate.burst)") }
        if let concurrency { parts.append("\(concurrency) at once") }
        return parts.joined(separator: ", ")
    }
}

extension Duration {
    /// Whole microseconds, rounded down.
    var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
