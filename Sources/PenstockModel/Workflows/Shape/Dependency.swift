/// How a dependency has to end for the edge from it to be taken.
public enum DependencyPhase: String, Sendable, Hashable, CaseIterable, Codable {
    /// It succeeded, or was skipped by hand.
    case success
    /// It failed for good. A failure that somebody waits for is caught: it does not make the run fail.
    case failure
    /// It ended in whatever way, skipped and not started included. Such an edge is taken even while a run fails fast, so
    /// it is for clean-up; the failure itself stays a failure of the run.
    case end
}

/// An edge of the graph: the step that is waited for, and how it has to end.
package struct Dependency: Sendable, Hashable, Codable {
    package var step: String
    package var phase: DependencyPhase
    /// Taken only if the step decided for this branch. Goes with phase `success`.
    package var branch: String?

    package init(_ step: String, phase: DependencyPhase = .success, branch: String? = nil) {
        self.step = step
        self.phase = phase
        self.branch = branch
    }

    /// Whether a step that ended like this takes the edge.
    package func isTaken(by standing: StepStanding) -> Bool {
        switch (phase, standing.state) {
        case (.success, .succeeded): branch == nil || branch == standing.branch
        case (.success, .waived): branch == nil
        case (.failure, .failed): true
        case (.end, _): standing.state.isEnded
        case (.success, _), (.failure, _): false
        }
    }
}

/// How many of a step's dependencies have to take their edge before it runs. A step that can no longer get as many is
/// skipped.
public enum JoinRule: Sendable, Hashable, Codable {
    case all
    case any
    case atLeast(Int)

    /// The number of taken edges, of so many, that it needs.
    package func need(of count: Int) -> Int {
        switch self {
        case .all: count
        case .any: 1
        case .atLeast(let number): number
        }
    }
}
