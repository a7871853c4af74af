/// One thing to measure. It is a value of a few lines; the frame repeats it, and takes the reference between the repetitions.
protocol Scenario: Sendable {
    /// What it is called on the command line.
    var name: String { get }
    /// One line for `list`.
    var summary: String { get }
    /// Whether it is among those that run when none is named.
    var isQuick: Bool { get }
    /// Measures once, on servers of its own, and throws if what it measured was not really done.
    func measure(_ plan: Plan) async throws -> [Figure]
    /// What a reader of the figures has to know besides them, a line each.
    func notes(_ plan: Plan) throws -> [String]
}

extension Scenario {
    var isQuick: Bool { true }
    func notes(_ plan: Plan) -> [String] { [] }
}
