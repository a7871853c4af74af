import ArgumentParser
import Penstock

/// What commands about runs and workflows take from the command line.
enum RunText {
    static func id(_ text: String) throws(ArgumentProblem) -> RunID {
        guard let id = RunID(text) else {
            throw ArgumentProblem(
                "an id of a run is up to \(RunID.maximumLength) letters, digits, - and _, as penstock run start prints it"
            )
        }
        return id
    }

    static let idHelp = ArgumentHelp("The id of the run, as penstock run start prints it.", valueName: "id")

    static func workflow(_ text: String) throws(ArgumentProblem) -> String {
        do throws(InvalidName) { try Name.kind.check(text) } catch {
            throw ArgumentProblem("the name of a workflow \(error.problem)")
        }
        return text
    }

    static func version(_ text: String) throws(ArgumentProblem) -> Int {
        guard let version = Int(text), version > 0 else { throw ArgumentProblem("a version is a number from 1") }
        return version
    }

    static func token(_ text: String) throws(ArgumentProblem) -> CompletionToken {
        guard let token = CompletionToken(text) else {
            throw ArgumentProblem("a token is what the code of the step has handed on: RUN.SECRET.STEP")
        }
        return token
    }

    static func direction(_ text: String) throws(ArgumentProblem) -> DiagramDirection {
        guard let direction = DiagramDirection(rawValue: text.uppercased()) else {
            throw ArgumentProblem("a direction is TB (top to bottom), LR, RL or BT")
        }
        return direction
    }

    static let directionHelp = ArgumentHelp(
        "Where it runs to: TB (top to bottom), LR, RL or BT. Default: TB.", valueName: "direction")

    /// States in one word, separated by commas: rolled-back, rolled_back and rolledBack are the same.
    static func states(_ text: String) throws(ArgumentProblem) -> [RunState] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { word throws(ArgumentProblem) in
            let letters = word.lowercased().filter { $0 != "-" && $0 != "_" }
            guard let state = RunState.allCases.first(where: { $0.rawValue.lowercased() == letters }) else {
                let names = RunState.allCases.map { snakeCase($0.rawValue).replacing("_", with: "-") }
                throw ArgumentProblem(
                    "\"\(printable(String(word)))\" is no state; there are \(names.joined(separator: ", "))")
            }
            return state
        }
    }
}
