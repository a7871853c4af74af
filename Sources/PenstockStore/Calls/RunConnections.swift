import PenstockModel
import RedisClient

/// Which moves of a workflow's runs become tasks of a kind.
package struct RunConnection: Sendable, Hashable {
    package let workflow: String
    package let name: String
    /// The kind of the tasks, and where they are queued.
    package let head: TaskRecord
    package let moves: [RunEvent.Move]

    package init(workflow: String, name: String, head: TaskRecord, moves: [RunEvent.Move]) {
        self.workflow = workflow
        self.name = name
        self.head = head
        self.moves = moves
    }

    var field: String { "\(workflow)\t\(name)" }
}

/// What a task of a connection tells.
package struct ConnectedMove: Sendable, Hashable {
    package let run: RunID
    package let workflow: String
    package let foreignID: String?
    package let move: RunEvent.Move

    /// Nil for a payload of another form: see `lua/includes/tell_connections.lua`.
    package init?(_ payload: [UInt8]) {
        let lines = String(decoding: payload, as: UTF8.self).split(separator: "\n", maxSplits: 1)
        guard lines.count == 2, let move = RunEvent.Move(text: lines[1]) else { return nil }
        let words = lines[0].split(separator: "\t", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 4, let run = RunID(words[0]) else { return nil }
        self.run = run
        workflow = words[2]
        foreignID = words[3].isEmpty ? nil : words[3]
        self.move = move
    }
}

extension RunEvent.Move {
    /// As in the history, without a branch.
    var text: String {
        switch self {
        case .run(let state): "r" + state.letter
        case .step(let step, let state, _): "s" + state.letter + step
        case .state(let name): "m" + name
        }
    }
}

extension Store {
    /// Makes connections known, in place of earlier ones of the same name and workflow.
    package func connect(_ connections: [RunConnection]) async throws(StoreError) {
        if connections.isEmpty { return }
        var arguments = RedisArguments([keys.connections])
        for connection in connections {
            try connection.head.checkNames("tasks of the connection")
            let moves = connection.moves.map { "\n" + $0.text }.joined()
            arguments.append(contentsOf: [connection.field, connection.head.head + moves])
        }
        _ = try await send(RedisCommand("HSET", arguments))
    }

    /// Each as `workflow`, name, kind of its tasks and their queue.
    package func connections() async throws(StoreError) -> [(workflow: String, name: String, queue: String)] {
        let fields = Dictionary(flat: try await send(RedisCommand("HGETALL", keys.connections)).array ?? [])
        return fields.compactMap { field, text in
            let names = field.split(separator: "\t", maxSplits: 1).map(String.init)
            let head = text.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            return names.count == 2 && head.count > 1 ? (names[0], names[1], head[1]) : nil
        }
        .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    }

    /// False if there is no such connection.
    package func disconnect(_ name: String, from workflow: String) async throws(StoreError) -> Bool {
        try await send(RedisCommand("HDEL", keys.connections, "\(workflow)\t\(name)")).int == 1
    }
}
