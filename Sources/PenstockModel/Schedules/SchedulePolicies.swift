/// What happens when a tick is due while something that an earlier tick has started still goes on.
public enum OverlapPolicy: Sendable, Hashable {
    /// It starts all the same. The default.
    case allow
    /// The tick is passed over.
    case skip
    /// One tick waits for the end of what goes on; further ones are passed over until then.
    case queueOne
    /// What goes on is cancelled, and the tick starts.
    case cancelPrevious
    /// Every tick waits until fewer than so many go on; none is passed over, however late it gets, so that the misfire policy
    /// has nothing to decide.
    case wait(atMost: Int)

    /// Whether it has to be known what goes on.
    package var isTracked: Bool { self != .allow }
}

/// What becomes of ticks that nobody fired within the grace time, because no worker or no Redis was there.
public enum MisfirePolicy: Sendable, Hashable {
    /// They are passed over.
    case none
    /// The latest of them makes up for all. The default.
    case one
    /// The latest so many of them, up to 1,000, are fired in order. For more there is backfill.
    case all(atMost: Int)
}

extension OverlapPolicy: CustomStringConvertible, Codable {
    /// As the command writes it: `allow`, `skip`, `queue-one`, `cancel-previous`, `wait:N`.
    public var description: String {
        switch self {
        case .allow: "allow"
        case .skip: "skip"
        case .queueOne: "queue-one"
        case .cancelPrevious: "cancel-previous"
        case .wait(let most): "wait:\(most)"
        }
    }

    /// Nil for text that is none of the forms of `description`; `wait` takes 1 to 1,000,000.
    public init?(_ text: String) {
        switch text {
        case "allow": self = .allow
        case "skip": self = .skip
        case "queue-one": self = .queueOne
        case "cancel-previous": self = .cancelPrevious
        default:
            guard let most = text.number(after: "wait:", most: 1_000_000) else { return nil }
            self = .wait(atMost: most)
        }
    }

    public init(from decoder: any Decoder) throws { self = try decoder.word { OverlapPolicy($0) } }
    public func encode(to encoder: any Encoder) throws { try encoder.write(word: description) }
}

extension MisfirePolicy: CustomStringConvertible, Codable {
    /// As the command writes it: `none`, `one`, `all:N`.
    public var description: String {
        switch self {
        case .none: "none"
        case .one: "one"
        case .all(let most): "all:\(most)"
        }
    }

    /// Nil for text that is none of the forms of `description`; `all` takes 1 to 1,000.
    public init?(_ text: String) {
        switch text {
        case "none": self = .none
        case "one": self = .one
        default:
            guard let most = text.number(after: "all:", most: 1000) else { return nil }
            self = .all(atMost: most)
        }
    }

    public init(from decoder: any Decoder) throws { self = try decoder.word { MisfirePolicy($0) } }
    public func encode(to encoder: any Encoder) throws { try encoder.write(word: description) }
}

extension String {
    fileprivate func number(after prefix: String, most: Int) -> Int? {
        guard hasPrefix(prefix), let number = Int(dropFirst(prefix.count)), (1...most).contains(number) else {
            return nil
        }
        return number
    }
}

extension Decoder {
    fileprivate func word<Value>(_ read: (String) -> Value?) throws -> Value {
        let container = try singleValueContainer()
        let word = try container.decode(String.self)
        guard let value = read(word) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(word) is no \(Value.self)")
        }
        return value
    }
}

extension Encoder {
    fileprivate func write(word: String) throws {
        var container = singleValueContainer()
        try container.encode(word)
    }
}
