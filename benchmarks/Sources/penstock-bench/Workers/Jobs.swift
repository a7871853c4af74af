import Penstock

/// A job that does nothing, 60 bytes of JSON: `{"id":1000000,"name":"abcdefghijklmnopqrstuvwx","ok":true}`.
struct Noop: Job {
    static let name = "noop"
    var id: Int
    var name = "abcdefghijklmnopqrstuvwx"
    var ok = true
}

/// Bytes that nobody reads.
enum RawNoop {
    static let kind = "noop-bytes"

    /// So many of them.
    static func payload(_ bytes: Int) -> [UInt8] { Array(repeating: UInt8(ascii: "x"), count: bytes) }
}

/// A job whose first attempt fails, one time in ten.
struct Flaky: Job {
    static let name = "flaky"
    var id: Int
    var fails: Bool { id % 10 == 0 }
}

/// A job that carries the moment of its enqueue.
struct Stamp: Job {
    static let name = "stamp"
    var index: Int
    /// By `sharedClock`.
    var sent: Int64 = 0
}

/// A job that a tick starts, and that notes how late it has started.
struct Ticked: Job {
    static let name = "ticked"
    var id: Int
}

/// A job that tells that it has started, and does not end.
struct Hold: Job {
    static let name = "hold"
    /// A list in Redis: the process id of each worker that started one.
    static let started = "bench-started"
    var id: Int
}

/// Lets the worker write what it has noted of other jobs to Redis.
struct Tell: Job {
    static let name = "tell"
    /// A list in Redis: numbers, joined by spaces.
    static let told = "bench-told"
    var id = 0
}
