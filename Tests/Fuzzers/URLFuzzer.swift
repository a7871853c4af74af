// Compiled with: Sources/RedisClient/RedisURL.swift Sources/RedisClient/RedisConfiguration.swift
// Compiled with: Sources/RedisClient/RedisError.swift Sources/RedisClient/RedisServerError.swift

/// A text where a URL of Redis is expected: refused with a reason, or read alike however often.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: data, count: count), as: UTF8.self)
    do {
        let one = try RedisConfiguration(url: text)
        let other = try RedisConfiguration(url: text)
        precondition("\(one)" == "\(other)", "one text, two configurations")
    } catch {
        precondition(!"\(error)".isEmpty, "no reason")
    }
    return 0
}
