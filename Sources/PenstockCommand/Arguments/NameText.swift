import Penstock

/// Names on the command line: the library has the rules, the option's name comes from here.
enum NameText {
    static func queue(_ text: String) throws(ArgumentProblem) -> String { try check(.queue, text) }
    static func kind(_ text: String) throws(ArgumentProblem) -> String { try check(.kind, text) }
    static func tenant(_ text: String) throws(ArgumentProblem) -> String { try check(.tenant, text) }
    static func connector(_ text: String) throws(ArgumentProblem) -> String { try check(.connector, text) }
    static func key(_ text: String) throws(ArgumentProblem) -> String { try check(.key, text) }

    /// Names in one word, separated by commas.
    static func queues(_ text: String) throws(ArgumentProblem) -> [String] { try list(.queue, text) }
    static func kinds(_ text: String) throws(ArgumentProblem) -> [String] { try list(.kind, text) }

    private static func check(_ name: Name, _ text: String) throws(ArgumentProblem) -> String {
        do throws(InvalidName) { try name.check(text) } catch { throw ArgumentProblem(error.description) }
        return text
    }

    private static func list(_ name: Name, _ text: String) throws(ArgumentProblem) -> [String] {
        var names: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let one = try check(name, String(part))
            if !names.contains(one) { names.append(one) }
        }
        return names
    }
}
