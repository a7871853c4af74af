import Penstock

/// A job that does nothing, 60 bytes of JSON: `{"id":1000000,"name":"abcdefghijklmnopqrstuvwx","ok":true}`.
struct Noop: Job {
    static let name = "noop"
    var id: Int
    var name = "abcdefghijklmnopqrstuvwx"
    var ok = true
}

/// A job that carries the moment of its enqueue.
struct Stamp: Job {
    static let name = "stamp"
    var index: Int
}
