/// Which runs are listed: those that meet all of it.
public struct RunFilter: Sendable, Hashable {
    /// Nil: of all workflows.
    public var workflow: String?
    /// Empty: in any state.
    public var states: Set<RunState>
    public var foreignID: String?
    /// They have all of these.
    public var tags: [String]
    /// The earliest start, milliseconds since 1970.
    public var from: Int64?
    /// The first start that is too late, milliseconds since 1970.
    public var until: Int64?

    public init(
        workflow: String? = nil, states: Set<RunState> = [], foreignID: String? = nil, tags: [String] = [],
        from: Int64? = nil, until: Int64? = nil
    ) {
        self.workflow = workflow
        self.states = states
        self.foreignID = foreignID
        self.tags = tags
        self.from = from
        self.until = until
    }
}
