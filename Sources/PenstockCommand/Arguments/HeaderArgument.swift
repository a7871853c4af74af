/// A header as people type it: NAME=VALUE. The library has the rules for names and sizes.
struct HeaderArgument: Sendable {
    let name: String
    let value: String

    init(_ text: String) throws(ArgumentProblem) {
        guard let equals = text.firstIndex(of: "=") else { throw ArgumentProblem("write it as NAME=VALUE") }
        name = String(text[..<equals])
        value = String(text[text.index(after: equals)...])
        guard !name.isEmpty else { throw ArgumentProblem("the name before the = is missing") }
    }
}
