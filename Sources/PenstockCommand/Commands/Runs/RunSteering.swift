import Penstock

/// What commands that steer a run have in common: they do it, and say where the run then is.
enum RunSteering {
    static func perform(
        _ connection: ConnectionOptions, _ id: RunID, isolation: isolated (any Actor)? = #isolation,
        _ body: (Run) async throws -> Void
    ) async throws {
        let state = try await Session.run(connection) { penstock in
            let run = penstock.run(id)
            try await body(run)
            return try await run.status().state
        }
        Console.write(
            connection.json
                ? JSONText.line(View(id: id.rawValue, state: snakeCase(state.rawValue)))
                : "run \(id) is \(state.words)")
    }

    private struct View: Encodable {
        let id: String
        /// Where it is afterwards.
        let state: String
    }
}

extension Run {
    /// The names of the workflow's steps are told to whoever mistypes one.
    func expectStep(_ name: String) async throws {
        let shape = try await shape()
        guard case .graph(let graph) = shape.body else {
            throw CommandFailure.refused("run \(id) is one of a state machine, \(shape.name): it has no steps")
        }
        let names = graph.steps.map(\.name)
        guard !names.contains(name) else { return }
        let known =
            names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", and \(names.count - 20) more" : "")
        throw CommandFailure.notFound("run \(id) of \(shape.name) has no step \"\(printable(name))\"; it has \(known)")
    }
}
