extension WorkflowShape {
    /// The workflow as a Mermaid diagram, or a run of it where that is.
    ///
    /// - Parameters: - standings: Where the steps of a run are, by name; steps that are not in it wait for their
    ///   dependencies. Nil: the definition alone. For graphs. - present: The state that a run is in. For machines.
    package func mermaid(
        direction: DiagramDirection = .topToBottom, standings: [String: StepStanding]? = nil, present: String? = nil
    ) -> String {
        switch body {
        case .graph(let graph): graph.mermaid(direction, standings)
        case .machine(let machine): machine.mermaid(direction, present)
        }
    }
}

extension GraphShape {
    /// A flowchart. Mermaid's own bounds (500 edges unless told otherwise) are not looked at.
    fileprivate func mermaid(_ direction: DiagramDirection, _ standings: [String: StepStanding]?) -> String {
        var lines = ["flowchart \(direction.rawValue)"]
        var ids: [String: String] = [:]
        var states: Set<StepState> = []
        for (place, step) in steps.enumerated() {
            let id = "n\(place)"
            ids[step.name] = id
            let standing = standings.map { $0[step.name] ?? StepStanding(.pending) }
            var line = "    " + id + step.mermaidNode(standing)
            if let state = standing?.state {
                states.insert(state)
                line += ":::\(state.rawValue)"
            }
            lines.append(line)
        }
        for (place, step) in steps.enumerated() {
            for dependency in step.dependencies {
                guard let from = ids[dependency.step] else { continue }
                lines.append("    \(from) \(dependency.mermaidArrow) n\(place)")
            }
        }
        for state in StepState.allCases where states.contains(state) {
            lines.append("    classDef \(state.rawValue) \(DiagramColours.style(of: state))")
        }
        return lines.joined(separator: "\n")
    }
}

extension StepShape {
    fileprivate func mermaidNode(_ standing: StepStanding?) -> String {
        let lines = [name] + traits + (standing.map { [$0.words] } ?? [])
        let label = "\"" + lines.map(MermaidText.escaped).joined(separator: "<br/>") + "\""
        let (open, close) = mermaidOutline
        return open + label + close
    }

    /// What stands around a label, and makes it the shape that tells the kind of step.
    private var mermaidOutline: (String, String) {
        switch kind {
        case .signal: ("{{", "}}")
        case .child: ("[[", "]]")
        case .work where !branches.isEmpty: ("{", "}")
        case .work where fanOut != nil: ("[/", "/]")
        case .work where longRunning != nil: ("([", "])")
        case .work: ("[", "]")
        }
    }

    /// What there is to say of the step besides its name.
    private var traits: [String] {
        var traits: [String] = []
        switch kind {
        case .work: break
        case .signal(let name): traits.append("signal \(name)")
        case .child(let child): traits.append("workflow \(child.workflow)\(child.isAwaited ? "" : ", not awaited")")
        }
        if let fanOut {
            let batches = fanOut.batchSize > 1 ? ", \(fanOut.batchSize) in a batch" : ""
            traits.append("for each item, \(fanOut.concurrency) at once\(batches)")
        }
        if let longRunning {
            traits.append(
                "synced every \(longRunning.syncInterval.shortWords)\(longRunning.healthCheck ? ", health check" : "")")
        }
        if isConditional { traits.append("on a condition") }
        if join != .all, dependencies.count > 1 {
            traits.append("\(join.need(of: dependencies.count)) of \(dependencies.count)")
        }
        if hasRollback { traits.append("\u{21A9} rollback") }
        return traits
    }
}

extension StepStanding {
    fileprivate var words: String { state.words + (branch.map { ", decided for \($0)" } ?? "") }
}

extension Dependency {
    fileprivate var mermaidArrow: String {
        switch (phase, branch) {
        case (.success, nil): "-->"
        case (.success, let branch?): "-->|\"\(MermaidText.escaped(branch))\"|"
        case (.failure, _): "-.->|\"failure\"|"
        case (.end, _): "-->|\"any end\"|"
        }
    }
}

extension StateMachineShape {
    fileprivate func mermaid(_ direction: DiagramDirection, _ present: String?) -> String {
        var ids: [String: String] = [:]
        for (place, state) in states.enumerated() { ids[state.name] = "n\(place)" }
        return StateDiagram(
            direction: direction, initial: ids[initial] ?? "n0",
            states: states.enumerated().map { place, state in
                let label = state.causes.map(MermaidText.escaped)
                let moves = state.next.compactMap { ids[$0] }.map { StateDiagram.Move(to: $0, label: label) }
                return StateDiagram.State(
                    id: "n\(place)", title: MermaidText.escaped(state.name), moves: moves, isEnd: state.isEnd)
            },
            present: present.flatMap { ids[$0] }
        ).text
    }
}

extension MachineState {
    /// What may move a run on from here. Nil where that is its step alone. Which of them goes where is up to its code.
    fileprivate var causes: String? {
        guard !callbacks.isEmpty || hasTimeout else { return nil }
        let causes = (hasStep ? ["step"] : []) + callbacks.map { "callback \($0)" } + (hasTimeout ? ["time-out"] : [])
        return causes.joined(separator: ", ")
    }
}

extension Duration {
    fileprivate var shortWords: String {
        milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
