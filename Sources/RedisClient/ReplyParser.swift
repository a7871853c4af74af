import CHiredis

/// Turns the bytes that arrive into replies, however they are cut into pieces. hiredis's reader does the parsing.
///
/// Limits that come from hiredis: 0.14 takes at most 7 levels of nested arrays and 2^31-1 elements, 1.x takes more of
/// both; strings end at 512 MiB because Redis does. Only what 0.14 and 1.x have in common is used here.
package struct ReplyParser: ~Copyable {
    private let reader: UnsafeMutablePointer<redisReader>
    private var isBroken = false

    /// What is fed in one go. The reader moves the unread rest of its buffer forward again and again, so a large piece
    /// with many small replies would cost time in its square.
    private static let pieceByteCount = 16 * 1024
    /// Deeper than any supported reader goes; keeps a strange peer from exhausting the stack.
    private static let maximumDepth = 32

    package init() {
        guard let reader = redisReaderCreate() else { fatalError("out of memory: no room for a reply reader") }
        self.reader = reader
    }

    deinit { redisReaderFree(reader) }

    /// Takes bytes and appends every reply that they complete to `replies`.
    ///
    /// - Throws: when the peer does not speak RESP2; replies completed before the fault are in `replies`, and the parser
    ///   refuses everything from then on.
    package mutating func feed(
        _ bytes: UnsafeRawBufferPointer, into replies: inout [RedisReply]
    ) throws(ReplyParserError) {
        guard !isBroken else { throw ReplyParserError() }
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.pieceByteCount))
            rest = rest.dropFirst(piece.count)
            guard let start = piece.baseAddress?.assumingMemoryBound(to: CChar.self) else { return }
            guard redisReaderFeed(reader, start, piece.count) == REDIS_OK else { throw fail() }
            while let reply = try next() { replies.append(reply) }
        }
    }

    /// The next complete reply, or nil when more bytes are needed.
    private mutating func next() throws(ReplyParserError) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw fail() }
        guard let object else { return nil }
        defer { freeReplyObject(object) }
        guard let reply = Self.convert(object.assumingMemoryBound(to: redisReply.self), depth: 0) else { throw fail() }
        return reply
    }

    private mutating func fail() -> ReplyParserError {
        isBroken = true
        return ReplyParserError()
    }

    /// A Swift copy of `reply`; nil for a type that RESP2 does not have (hiredis 1.x also reads RESP3).
    private static func convert(_ reply: UnsafeMutablePointer<redisReply>, depth: Int) -> RedisReply? {
        switch reply.pointee.type {
        case REDIS_REPLY_NIL: return .null
        case REDIS_REPLY_INTEGER: return .integer(Int(reply.pointee.integer))
        case REDIS_REPLY_STRING: return .string(Array(text(of: reply)))
        case REDIS_REPLY_STATUS: return .status(String(decoding: text(of: reply), as: UTF8.self))
        case REDIS_REPLY_ERROR:
            return .error(RedisServerError(message: String(decoding: text(of: reply), as: UTF8.self)))
        case REDIS_REPLY_ARRAY:
            let count = Int(reply.pointee.elements)
            guard depth < maximumDepth else { return nil }
            guard count > 0 else { return .array([]) }
            guard let elements = reply.pointee.element else { return nil }
            var converted: [RedisReply] = []
            converted.reserveCapacity(count)
            for index in 0..<count {
                guard let element = elements[index], let value = convert(element, depth: depth + 1) else { return nil }
                converted.append(value)
            }
            return .array(converted)
        default: return nil
        }
    }

    private static func text(of reply: UnsafeMutablePointer<redisReply>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: reply.pointee.str, count: Int(reply.pointee.len))
    }
}

/// The peer sent something that is not RESP2, or nested it too deeply.
package struct ReplyParserError: Error, Equatable {}
