/// Deleting what a run was about: a task goes through its steps in parts, and the last part takes the rest. States and
/// history stay.
extension GraphPlanner {
    /// Has the data of a run that has ended deleted; once more where that was done before.
    package func deleteData(_ run: RunFacts) throws(RunControlError) -> Plan { try run.deleteData() }

    /// Deletes a part of the data. It can be planned again from anywhere, since what is gone is not missed.
    ///
    /// - Parameter leavesInput: whether the commit of the last part carries what is left of the input.
    package func erase(from: Int, _ run: RunFacts, leavesInput: Bool = false) -> Plan {
        guard run.state == .deletingData else { return .nothing }
        let (range, next) = part(from: from, of: graph.count)
        let steps = graph.order[range].map { Effect.eraseStep(shape.steps[$0].name) }
        if let next { return Plan(steps + [.schedule(.deleteData(from: next), opens: false)]) }
        return Plan(steps + run.eraseRest(leavesInput ? .input : .nothing))
    }
}

extension StateMachinePlanner {
    /// Has the data of a run that has ended deleted; once more where that was done before.
    package func deleteData(_ facts: MachineFacts) throws(RunControlError) -> Plan { try facts.run.deleteData() }

    /// Deletes the data.
    ///
    /// - Parameter leavesObject: whether the commit carries what is left of the object.
    package func erase(_ facts: MachineFacts, leavesObject: Bool = false) -> Plan {
        guard facts.run.state == .deletingData else { return .nothing }
        return Plan(facts.run.eraseRest(leavesObject ? .object : .nothing))
    }
}

extension RunFacts {
    /// The task opens nothing: a run that has ended does not end again when nothing is open.
    fileprivate func deleteData() throws(RunControlError) -> Plan {
        if state == .deletingData { return .nothing }
        guard state.isTerminal else { throw .hasNotEnded(state) }
        return Plan(enter(.deletingData, []) + [.schedule(.deleteData(from: 0), opens: false)])
    }

    fileprivate func eraseRest(_ remains: RunRemains) -> [Effect] {
        [.erase(leaving: remains)] + enter(.dataDeleted, [])
    }
}
