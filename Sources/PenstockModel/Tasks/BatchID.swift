/// The name of one batch for all time; made like a task's id, of the same characters.
public struct BatchID: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    /// Nil if the text cannot be an id: 1 to 64 letters, digits, `-` and `_`.
    public init?(_ text: some StringProtocol) {
        guard let id = TaskID(text) else { return nil }
        rawValue = id.rawValue
    }

    public init(_ id: TaskID) { rawValue = id.rawValue }

    public var description: String { rawValue }
}
