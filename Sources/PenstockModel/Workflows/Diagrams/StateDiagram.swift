/// States and the moves between them, for Mermaid: of the machines that people declare, and of the tables of this
/// module that the documentation shows and the tests hold the scripts to.
struct StateDiagram {
    struct State {
        /// Names it in the text.
        let id: String
        /// What is shown, escaped. Nil: the id.
        var title: String?
        var moves: [Move] = []
        var isEnd: Bool
    }

    struct Move {
        let to: String
        /// Escaped.
        let label: String?
    }

    var direction: DiagramDirection?
    var initial: String
    var states: [State]
    /// The id of the state to be lit.
    var present: String?

    var text: String {
        var lines = ["stateDiagram-v2"]
        if let direction { lines.append("    direction \(direction.rawValue)") }
        for state in states {
            if let title = state.title { lines.append("    state \"\(title)\" as \(state.id)") }
        }
        lines.append("    [*] --> \(initial)")
        for state in states {
            for move in state.moves {
                lines.append("    \(state.id) --> \(move.to)" + (move.label.map { ": \($0)" } ?? ""))
            }
            if state.isEnd { lines.append("    \(state.id) --> [*]") }
        }
        if let present {
            lines.append("    classDef present \(DiagramColours.present)")
            lines.append("    class \(present) present")
        }
        return lines.joined(separator: "\n")
    }
}

extension StateDiagram {
    /// A table of legal moves. Its names are letters alone, so nothing is escaped.
    init<Name: RawRepresentable<String> & Hashable>(
        initial: Name, order: [Name], moves: [Name: Set<Name>], isTerminal: (Name) -> Bool,
        label: (Name, Name) -> String?
    ) {
        self.init(
            initial: initial.rawValue,
            states: order.map { from in
                let next = order.filter { moves[from, default: []].contains($0) }
                return State(
                    id: from.rawValue, moves: next.map { Move(to: $0.rawValue, label: label(from, $0)) },
                    isEnd: isTerminal(from))
            })
    }
}
