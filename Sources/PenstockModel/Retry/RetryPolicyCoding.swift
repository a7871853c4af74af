// How policies are written into the shape of a workflow: durations in whole milliseconds, so that the same policy always
// has the same bytes.

extension Backoff.Shape: Codable {
    private var word: String {
        switch self {
        case .constant: "constant"
        case .linear: "linear"
        case .exponential: "exponential"
        }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        switch try container.decode(String.self) {
        case "constant": self = .constant
        case "linear": self = .linear
        case "exponential": self = .exponential
        case let other:
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\"\(other)\" is no shape of a back-off")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(word)
    }
}

extension Backoff: Codable {
    private enum CodingKeys: String, CodingKey { case shape, firstMilliseconds, capMilliseconds, jitter }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            shape: try container.decode(Shape.self, forKey: .shape),
            first: .milliseconds(try container.decode(Int64.self, forKey: .firstMilliseconds)),
            cap: .milliseconds(try container.decode(Int64.self, forKey: .capMilliseconds)),
            jitter: try container.decode(Double.self, forKey: .jitter))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(shape, forKey: .shape)
        try container.encode(first.milliseconds, forKey: .firstMilliseconds)
        try container.encode(cap.milliseconds, forKey: .capMilliseconds)
        try container.encode(jitter, forKey: .jitter)
    }
}

extension RetryPolicy: Codable {
    private enum CodingKeys: String, CodingKey { case attempts, backoff }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            attempts: try container.decode(Int.self, forKey: .attempts),
            backoff: try container.decode(Backoff.self, forKey: .backoff))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(attempts, forKey: .attempts)
        try container.encode(backoff, forKey: .backoff)
    }
}
