/// What Redis answered.
///
/// An error inside an array (of a script, of EXEC) stays a value; an error that is the whole answer is thrown by
/// `RedisClient.send` as `RedisError.server`, and stays a value only in the result of a pipeline.
public enum RedisReply: Sendable, Equatable {
    /// Nothing: a missing key or field, a blocking call that timed out, `false` from Lua.
    case null
    /// A signed 64-bit integer.
    case integer(Int)
    /// Any bytes, the empty string included.
    case string([UInt8])
    /// A short word of the server, such as `OK` or `QUEUED`.
    case status(String)
    /// Replies in order, possibly nested.
    case array([RedisReply])
    /// An error that Redis reported.
    case error(RedisServerError)
}

extension RedisReply {
    /// True for `.null` only.
    public var isNull: Bool { self == .null }

    /// The integer, or a string or status that is one in decimal (`"42"`); nil for everything else.
    public var int: Int? {
        switch self {
        case .integer(let value): value
        case .string, .status: text.flatMap { Int($0) }
        case .null, .array, .error: nil
        }
    }

    /// The bytes of a string, or of a status in UTF-8; nil for everything else.
    public var bytes: [UInt8]? {
        switch self {
        case .string(let bytes): bytes
        case .status(let word): Array(word.utf8)
        case .null, .integer, .array, .error: nil
        }
    }

    /// The text of a string or a status. Lossless: nil when the bytes are not valid UTF-8 (then use `bytes`), and nil
    /// for everything that is neither string nor status.
    public var text: String? {
        switch self {
        case .string(let bytes): String(validating: bytes, as: UTF8.self)
        case .status(let word): word
        case .null, .integer, .array, .error: nil
        }
    }

    /// The elements of an array; nil for everything else, an absent array (`.null`) included.
    public var array: [RedisReply]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The error; nil for everything else.
    public var error: RedisServerError? {
        if case .error(let error) = self { error } else { nil }
    }
}
