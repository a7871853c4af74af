/// What executing a step means.
package enum StepKind: Sendable, Hashable, Codable {
    /// Somebody's code.
    case work
    /// Waits for an outside event of this name.
    case signal(String)
    /// Starts a run of another workflow.
    case child(ChildWorkflow)
}

/// The run that a step starts.
package struct ChildWorkflow: Sendable, Hashable, Codable {
    package var workflow: String
    /// Whether the step ends with the child's end; otherwise it ends when the child is stored.
    package var isAwaited: Bool
    package var whenStopped: WhenParentStops

    package init(_ workflow: String, isAwaited: Bool = true, whenStopped: WhenParentStops = .cancel) {
        self.workflow = workflow
        self.isAwaited = isAwaited
        self.whenStopped = whenStopped
    }
}

/// What becomes of a child run that is awaited when the run that started it is cancelled or fails.
public enum WhenParentStops: String, Sendable, Hashable, Codable {
    /// It is cancelled too; the parent waits for it.
    case cancel
    /// The parent waits for it to end by itself.
    case finish
    /// It goes on alone; the parent waits no longer.
    case abandon
}
