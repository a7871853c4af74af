import Glibc
import PenstockTesting

/// A file to which one process appends lines, each by one write: what it has written stays, whatever becomes of the process.
struct LogFile: Sendable {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SuiteError("cannot write to \(path): errno \(errno)") }
    }

    /// Words, with the moment after the first one.
    func note(_ what: String, _ words: String...) {
        let line = Array(([what, String(Moment.now)] + words).joined(separator: " ").utf8) + [UInt8(ascii: "\n")]
        _ = write(descriptor, line, line.count)
    }
}

/// Milliseconds of the monotonic clock, which all processes of a machine share.
enum Moment {
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// Something that keeps the suite itself from going on.
struct SuiteError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
