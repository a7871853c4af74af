import Penstock

/// The job of the tour: the SHA-256 of a file.
struct Checksum: Job {
    static let name = "checksum"

    let file: FileName
    /// Takes this long (ms), as a big file would; not again when it was taken over from a lost worker.
    var pause: Int?
    /// The first so many attempts fail.
    var failures: Int?
}

/// Its result, kept until the tour reads it back.
struct ChecksumResult: Codable, Sendable {
    let sha256: String
    let bytes: Int
    /// Microseconds since 1970, by the clock that Redis uses: both are on one machine.
    let started: Int64
    let ended: Int64
    /// The worker process that did it.
    let pid: Int32
    let recoveries: Int
}
