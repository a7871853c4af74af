// Compiled with: Sources/RedisClient/ReplyParser.swift Sources/RedisClient/RedisReply.swift
// Compiled with: Sources/RedisClient/RedisServerError.swift Sources/RedisClient/RedisError.swift

/// Bytes of a server, in two ways: in one piece, and in pieces whose lengths are the first byte. Both have to give the same
/// replies.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let bytes = UnsafeRawBufferPointer(start: data + 1, count: count - 1)
    let whole = replies(in: bytes, piece: bytes.count)
    let pieces = replies(in: bytes, piece: Int(data[0]) + 1)
    precondition(whole.replies == pieces.replies && whole.isBroken == pieces.isBroken, "pieces make a difference")
    return 0
}

private func replies(in bytes: UnsafeRawBufferPointer, piece: Int) -> (replies: [RedisReply], isBroken: Bool) {
    var parser = ReplyParser()
    var replies: [RedisReply] = []
    var start = 0
    do {
        while start < bytes.count {
            let end = min(start + piece, bytes.count)
            try parser.feed(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), into: &replies)
            start = end
        }
    } catch {
        return (replies, true)
    }
    return (replies, false)
}
