import ArgumentParser
import Penstock

/// Job ids on the command line.
enum IDText {
    static func parse(_ text: String) throws(ArgumentProblem) -> TaskID {
        guard let id = TaskID(text) else {
            throw ArgumentProblem("an id is up to 64 letters, digits, - and _, as penstock enqueue prints them")
        }
        return id
    }

    static let help = ArgumentHelp("The id of the job, as penstock enqueue prints it.", valueName: "id")
    static let severalHelp = ArgumentHelp("Ids of jobs.", valueName: "id")
}
