import Penstock

/// One step of a run, as a line shows it.
struct StepRow: Equatable {
    /// What is known of a step besides its state.
    struct Detail: Equatable {
        var attempts: Int?
        var duration: Duration?
        var error: String?
    }

    /// One column to the left of a step.
    enum Rail: Equatable { case branch, last, through, blank }

    let name: String
    let state: StepState
    let detail: Detail
    /// The branch that the step has decided for.
    let branch: String?
    /// What it waits for, each in words: `charge`, `check: yes`, `charge failed`, `charge ended`.
    let dependencies: [String]
    /// So many of the dependencies are enough. Nil: all.
    let need: Int?
    /// Whether the line says what it waits for. What stands above says it where that is one step and its success.
    let namesDependencies: Bool
    let rails: [Rail]

    /// How many forks it is from the beginning.
    var depth: Int { rails.count }
    /// The rails of a further line of the same step.
    var continued: [Rail] { rails.dropLast() + rails.suffix(1).map { $0 == .last || $0 == .blank ? .blank : .through } }

    /// The steps of a valid graph in an order in which each follows what it waits for. A step stands below the last
    /// of its dependencies: straight below where it is the only one there, otherwise on a rail of its own. So a chain
    /// goes straight down, however long it is.
    static func rows(
        of graph: GraphShape, standings: [String: StepStanding], details: [String: Detail] = [:]
    ) -> [StepRow] {
        var places: [String: Int] = [:]
        for (place, step) in graph.steps.enumerated() { places[step.name] = place }
        var missing = graph.steps.map(\.dependencies.count)
        var dependents: [[Int]] = Array(repeating: [], count: graph.steps.count)
        for (place, step) in graph.steps.enumerated() {
            for dependency in step.dependencies {
                if let from = places[dependency.step] { dependents[from].append(place) }
            }
        }
        var rows: [StepRow] = []
        var next: [(place: Int, rails: [Rail])] = []
        func put(_ steps: [Int], below rails: [Rail]) {
            for (number, place) in steps.enumerated().reversed() {
                let rail: [Rail] = steps.count == 1 ? [] : [number == steps.count - 1 ? .last : .branch]
                next.append((place, rails + rail))
            }
        }
        put(missing.indices.filter { missing[$0] == 0 }, below: [])
        while let (place, rails) = next.popLast() {
            let step = graph.steps[place]
            let row = StepRow(step, standings[step.name], details[step.name], rails)
            rows.append(row)
            var ready: [Int] = []
            for dependent in dependents[place] {
                missing[dependent] -= 1
                if missing[dependent] == 0 { ready.append(dependent) }
            }
            put(ready, below: row.continued)
        }
        return rows
    }

    private init(_ step: StepShape, _ standing: StepStanding?, _ detail: Detail?, _ rails: [Rail]) {
        name = step.name
        state = standing?.state ?? .pending
        branch = standing?.branch
        self.detail = detail ?? Detail()
        dependencies = step.dependencies.map(\.words)
        need = step.join == .all ? nil : step.join.need(of: step.dependencies.count)
        namesDependencies = step.dependencies.count > 1 || step.dependencies.contains { $0 != Dependency($0.step) }
        self.rails = rails
    }
}

extension Dependency {
    /// What is waited for: `charge`, `check: yes`, `charge failed`, `charge ended`.
    var words: String {
        switch (phase, branch) {
        case (.success, nil): step
        case (.success, let branch?): "\(step): \(branch)"
        case (.failure, _): "\(step) failed"
        case (.end, _): "\(step) ended"
        }
    }
}
