/// A table of legal moves, drawn for Mermaid: the documentation shows what the tests hold the scripts to.
struct StateDiagram<State: RawRepresentable<String> & Hashable> {
    let initial: State
    let order: [State]
    let moves: [State: Set<State>]
    let isTerminal: (State) -> Bool
    let label: (State, State) -> String?

    var text: String {
        var lines = ["stateDiagram-v2", "    [*] --> \(initial.rawValue)"]
        for from in order {
            for to in order where moves[from, default: []].contains(to) {
                lines.append("    \(from.rawValue) --> \(to.rawValue)" + (label(from, to).map { ": \($0)" } ?? ""))
            }
            if isTerminal(from) { lines.append("    \(from.rawValue) --> [*]") }
        }
        return lines.joined(separator: "\n")
    }
}
