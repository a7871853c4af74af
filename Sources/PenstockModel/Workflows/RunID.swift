/// The name of one run for all time: like a task's id, of the same alphabet and with the shard in the same place. Those of
/// child runs are longer, since they follow from the run that starts them.
public struct RunID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let rawValue: String

    /// The longest id, in bytes: ids of tasks are made of it and have at most 64.
    public static let maximumLength = 40

    /// An id as somebody wrote it. Nil if it cannot be an id.
    public init?(_ text: String) {
        guard let id = TaskID(text), id.rawValue.utf8.count <= Self.maximumLength else { return nil }
        rawValue = id.rawValue
    }

    /// Nil for an id that is too long for a run's.
    package init?(_ id: TaskID) { self.init(id.rawValue) }

    public var description: String { rawValue }

    public static func < (left: RunID, right: RunID) -> Bool { left.rawValue < right.rawValue }
}

extension RunID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = RunID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(text)\" is no id of a run")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
