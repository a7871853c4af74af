import Glibc
import Penstock

/// What a worker process of the tour does for a job.
enum ChecksumHandler {
    @Sendable static func handle(_ job: Checksum, _ context: JobContext) async throws -> ChecksumResult {
        let started = microseconds
        if let failures = job.failures, context.attempt <= failures {
            throw JobFailure.retryable("attempt \(context.attempt) fails on purpose")
        }
        if let pause = job.pause, context.recoveries == 0 { try await Task.sleep(for: .milliseconds(pause)) }
        let (digest, bytes) = try await FileDigest.sha256(of: job.file)
        return ChecksumResult(
            sha256: digest, bytes: bytes, started: started, ended: microseconds, pid: getpid(),
            recoveries: context.recoveries)
    }

    static var microseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
