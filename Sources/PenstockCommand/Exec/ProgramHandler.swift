import Logging
import Penstock
import Subprocess
import Synchronization
import SystemPackage

/// Handles a job by running a program: what goes in, and what its end means.
///
/// Exit 0 is success, 65 (EX_DATAERR: the input is wrong) a permanent failure, anything else is tried again.
final class ProgramHandler: Sendable {
    private let program: Program
    /// Results that were longer than the limit.
    private let truncated = Atomic(0)

    static let permanentExit: Int32 = 65

    init(_ program: Program) { self.program = program }

    var truncatedResults: Int { truncated.load(ordering: .relaxed) }

    func handle(_ payload: [UInt8], _ context: JobContext) async throws -> [UInt8]? {
        let outcome: Program.Outcome
        do {
            outcome = try await program.run(payload: payload, variables: Self.variables(context))
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            let message = "\(program.name) cannot be run: \(error)"
            throw Self.isShortage(error) ? JobFailure.ignorable(message) : .retryable(message)
        }
        // It was told to end: however it did, that is no outcome of the job.
        try Task.checkCancellation()
        if let failure = Self.failure(outcome) {
            context.logger.info(
                "program failed",
                metadata: [
                    "job": "\(context.id)", "stderr": "\(String(decoding: outcome.errors.bytes, as: UTF8.self))",
                ])
            throw failure
        }
        if outcome.output.isTruncated {
            truncated.add(1, ordering: .relaxed)
            context.logger.warning(
                "result truncated",
                metadata: [
                    "job": "\(context.id)", "bytes": "\(outcome.output.total)", "kept": "\(program.resultLimit)",
                ])
        }
        return outcome.output.bytes
    }

    static func variables(_ context: JobContext) -> [String: String] {
        [
            "PENSTOCK_JOB_ID": context.id.rawValue, "PENSTOCK_KIND": context.kind, "PENSTOCK_QUEUE": context.queue,
            "PENSTOCK_TENANT": context.tenant, "PENSTOCK_ATTEMPT": "\(context.attempt)",
        ]
    }

    /// This machine lacks something just now: the job is not to blame, and its attempt does not count.
    private static func isShortage(_ error: any Error) -> Bool {
        guard let cause = (error as? SubprocessError)?.underlyingError as? Errno else { return false }
        return [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .resourceTemporarilyUnavailable, .noMemory].contains(
            cause)
    }

    /// What an end means; nil for success.
    static func failure(_ outcome: Program.Outcome) -> JobFailure? {
        switch outcome.status {
        case .exited(0): nil
        case .exited(permanentExit): .permanent(message("exit \(permanentExit)", outcome.errors))
        case .exited(let code): .retryable(message("exit \(code)", outcome.errors))
        case .signaled(let number): .retryable(message("killed by signal \(number)", outcome.errors))
        }
    }

    /// How much of an error's text goes into a job's history, which keeps the first 2 KiB of a message: the end of what
    /// the program wrote says most.
    private static let messageBytes = 1900

    private static func message(_ end: String, _ errors: BoundedOutput) -> String {
        var bytes = errors.bytes[...]
        while let last = bytes.last, last == 0x20 || (0x09...0x0D).contains(last) { bytes.removeLast() }
        if bytes.isEmpty { return end }
        let isCut = bytes.count > messageBytes || errors.isTruncated
        bytes = bytes.suffix(messageBytes)
        // Whole lines, if the cut leaves any.
        if isCut, let lineFeed = bytes.firstIndex(of: UInt8(ascii: "\n")) { bytes = bytes[(lineFeed + 1)...] }
        return "\(end): \(isCut ? "... " : "")\(String(decoding: bytes, as: UTF8.self))"
    }
}
