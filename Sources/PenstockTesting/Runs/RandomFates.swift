import PenstockModel

/// What becomes of the steps of a random graph, as the input of its run.
package struct RandomFates: Codable, Sendable {
    /// The workflow whose runs bring such input.
    package static let workflow = "random"

    package var failing: Set<String> = []
    package var skipped: Set<String> = []
    package var branches: [String: String] = [:]
    package var items: [String: Int] = [:]
    package var failingItems: [String: Set<Int>] = [:]
    package var failingRollbacks: Set<String> = []

    package init(_ graph: RandomGraph) {
        for (step, fate) in graph.fates {
            switch fate {
            case .failure: failing.insert(step)
            case .skip: skipped.insert(step)
            case .success(let branch?): branches[step] = branch
            case .success: break
            }
        }
        items = graph.items
        failingItems = graph.failingItems
        failingRollbacks = graph.rollbackFails
    }
}
