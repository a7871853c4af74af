/// A valid graph with its edges in both directions: made once for a shape, and shared by all its runs.
package final class GraphIndex: Sendable {
    package let shape: GraphShape
    /// Places of the steps by name.
    let places: [String: Int]
    /// For each step the edges that wait for it: which step, and the place among that step's dependencies.
    let dependents: [[Edge]]
    /// The places in an order in which every step follows its dependencies.
    let order: [Int]
    /// Whether a step that waits for an end, whatever it is, comes after this one: then skips travel on to it when the run
    /// fails fast.
    let leadsToCleanUp: [Bool]
    /// Whether a failure of the step is caught by one that waits for it.
    let catchesFailure: [Bool]

    /// Whether a step waits for a signal or a child run.
    let waitsOutside: Bool
    /// Whether a step is synced.
    let isSynced: Bool

    struct Edge: Sendable, Hashable {
        let to: Int
        let dependency: Int
    }

    /// - Throws: everything that is wrong with the graph.
    package init(_ shape: GraphShape) throws(InvalidShape) {
        let problems = shape.problems
        guard problems.isEmpty else { throw InvalidShape(problems: problems) }
        let count = shape.steps.count
        var places: [String: Int] = [:]
        for (place, step) in shape.steps.enumerated() { places[step.name] = place }
        var dependents: [[Edge]] = Array(repeating: [], count: count)
        var missing = shape.steps.map(\.dependencies.count)
        for (place, step) in shape.steps.enumerated() {
            for (number, dependency) in step.dependencies.enumerated() {
                guard let from = places[dependency.step] else { continue }
                dependents[from].append(Edge(to: place, dependency: number))
            }
        }
        var order = missing.indices.filter { missing[$0] == 0 }
        var next = 0
        while next < order.count {
            for edge in dependents[order[next]] {
                missing[edge.to] -= 1
                if missing[edge.to] == 0 { order.append(edge.to) }
            }
            next += 1
        }
        var leads = Array(repeating: false, count: count)
        for place in order.reversed() {
            leads[place] = dependents[place].contains { edge in
                leads[edge.to] || shape.steps[edge.to].dependencies.contains { $0.phase == .end }
            }
        }
        self.shape = shape
        self.places = places
        self.dependents = dependents
        self.order = order
        leadsToCleanUp = leads
        waitsOutside = shape.steps.contains { $0.kind != .work }
        isSynced = shape.steps.contains { $0.longRunning != nil }
        catchesFailure = dependents.map { edges in
            edges.contains { shape.steps[$0.to].dependencies[$0.dependency].phase == .failure }
        }
    }

    /// The steps without dependencies, in the order of the shape. They come first in `order`.
    var roots: ArraySlice<Int> { order.prefix { shape.steps[$0].dependencies.isEmpty } }

    package var count: Int { order.count }
    package func step(named name: String) -> StepShape? { places[name].map { shape.steps[$0] } }
    /// Names of the steps that wait for this one.
    package func dependents(of name: String) -> [String] {
        places[name].map { dependents[$0].map { shape.steps[$0.to].name } } ?? []
    }
}
