// Compiled with: Sources/PenstockModel

/// A text where a recurrence is expected: refused with a reason, or its ticks go forward.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: data, count: count), as: UTF8.self)
    do {
        let recurrence = try Recurrence(text)
        var moment: Int64 = 1_700_000_000_000
        for _ in 0..<3 {
            guard let next = recurrence.next(after: moment, in: FixedZone.utc) else { break }
            precondition(next > moment, "a tick that is not later")
            moment = next
        }
    } catch {
        precondition(!"\(error)".isEmpty, "no reason")
    }
    return 0
}
