/// A step as far as planning has to know it: everything but its code.
package struct StepShape: Sendable, Hashable {
    package var name: String
    package var kind: StepKind
    package var dependencies: [Dependency]
    package var join: JoinRule
    /// Whether a condition decides at run time if the step is wanted.
    package var isConditional: Bool
    /// The branches that the step decides between; empty if it decides nothing.
    package var branches: [String]
    package var fanOut: FanOut?
    package var longRunning: LongRunning?
    package var hasRollback: Bool
    package var retry: RetryPolicy
    package var rollbackRetry: RetryPolicy
    /// Time for one attempt.
    package var timeout: Duration?
    /// Time for the whole step while it waits: for sync, a signal or a child.
    package var waitLimit: Duration?
    /// Keys of limits that its tasks are subject to.
    package var limits: [String]

    package init(
        _ name: String, kind: StepKind = .work, after dependencies: [Dependency] = [], join: JoinRule = .all,
        isConditional: Bool = false, branches: [String] = [], fanOut: FanOut? = nil, longRunning: LongRunning? = nil,
        hasRollback: Bool = false, retry: RetryPolicy = .standard, rollbackRetry: RetryPolicy = .standard,
        timeout: Duration? = nil, waitLimit: Duration? = nil, limits: [String] = []
    ) {
        self.name = name
        self.kind = kind
        self.dependencies = dependencies
        self.join = join
        self.isConditional = isConditional
        self.branches = branches
        self.fanOut = fanOut
        self.longRunning = longRunning
        self.hasRollback = hasRollback
        self.retry = retry
        self.rollbackRetry = rollbackRetry
        self.timeout = timeout
        self.waitLimit = waitLimit
        self.limits = limits
    }
}

extension StepShape: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, kind, dependencies, join, isConditional, branches, fanOut, longRunning, hasRollback, retry
        case rollbackRetry, timeoutMilliseconds, waitLimitMilliseconds, limits
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        kind = try container.decode(StepKind.self, forKey: .kind)
        dependencies = try container.decode([Dependency].self, forKey: .dependencies)
        join = try container.decode(JoinRule.self, forKey: .join)
        isConditional = try container.decode(Bool.self, forKey: .isConditional)
        branches = try container.decode([String].self, forKey: .branches)
        fanOut = try container.decodeIfPresent(FanOut.self, forKey: .fanOut)
        longRunning = try container.decodeIfPresent(LongRunning.self, forKey: .longRunning)
        hasRollback = try container.decode(Bool.self, forKey: .hasRollback)
        retry = try container.decode(RetryPolicy.self, forKey: .retry)
        rollbackRetry = try container.decode(RetryPolicy.self, forKey: .rollbackRetry)
        timeout = try container.decodeIfPresent(Int64.self, forKey: .timeoutMilliseconds).map { .milliseconds($0) }
        waitLimit = try container.decodeIfPresent(Int64.self, forKey: .waitLimitMilliseconds).map { .milliseconds($0) }
        limits = try container.decode([String].self, forKey: .limits)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(kind, forKey: .kind)
        try container.encode(dependencies, forKey: .dependencies)
        try container.encode(join, forKey: .join)
        try container.encode(isConditional, forKey: .isConditional)
        try container.encode(branches, forKey: .branches)
        try container.encodeIfPresent(fanOut, forKey: .fanOut)
        try container.encodeIfPresent(longRunning, forKey: .longRunning)
        try container.encode(hasRollback, forKey: .hasRollback)
        try container.encode(retry, forKey: .retry)
        try container.encode(rollbackRetry, forKey: .rollbackRetry)
        try container.encodeIfPresent(timeout?.milliseconds, forKey: .timeoutMilliseconds)
        try container.encodeIfPresent(waitLimit?.milliseconds, forKey: .waitLimitMilliseconds)
        try container.encode(limits, forKey: .limits)
    }
}
