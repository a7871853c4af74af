import ArgumentParser
import Logging
import Penstock
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// `penstock worker --exec`: runs a program for each job.
struct WorkerCommand: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run a program for each job.",
        discussion: """
            The program gets the payload on standard input and PENSTOCK_JOB_ID, PENSTOCK_KIND, PENSTOCK_QUEUE, \
            PENSTOCK_TENANT and PENSTOCK_ATTEMPT in its environment. What it writes to standard output is the result, \
            kept where the job asks for that (penstock enqueue --retain); what it writes to standard error is the text \
            of the error if it fails. Exit 0 is success, 65 a permanent failure, anything else is tried again. On \
            time-out, cancel and shutdown its whole process group gets SIGTERM, then SIGKILL; processes that it leaves \
            behind in its group are killed when it ends.

            SIGTERM or Ctrl-C stops claiming and lets running jobs end within --grace; the rest goes back, uncounted. A \
            second one does not wait.

            EXAMPLES
              penstock worker --queue mail,import --concurrency 8 --exec ./handle.sh
              penstock worker --drain --exec sh -c 'sha256sum | cut -c1-64'
            """)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Queues to serve, separated by commas, each in turn. Default: default.", valueName: "a,b"),
        transform: NameText.queues)
    var queue: [String] = ["default"]

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How many programs run at once, 1 to 10000. Default: the number of processors.", valueName: "number"))
    var concurrency: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Take only jobs of these kinds, separated by commas. Default: any.", valueName: "k,..."),
        transform: NameText.kinds)
    var kinds: [String]?

    @Flag(help: "End when nothing is ready, limited, delayed or running in these queues.")
    var drain = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long this worker may be silent before others take over its jobs. Default: 15s.", valueName: "duration"),
        transform: DurationText.parsePositive)
    var lease: Duration = .seconds(15)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Time for one attempt where the job does not say. Default: none.", valueName: "duration"),
        transform: DurationText.parsePositive)
    var timeout: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Time for running jobs to end at shutdown. Default: 25s.", valueName: "duration"),
        transform: DurationText.parse)
    var grace: Duration = .seconds(25)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Time between SIGTERM and SIGKILL for a program. Default: 2s.", valueName: "duration"),
        transform: DurationText.parse)
    var killGrace: Duration = .seconds(2)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Wait before the second attempt; it doubles with each further one, up to 10m. Default: 1s.",
            valueName: "duration"),
        transform: DurationText.parse)
    var backoff: Duration = .seconds(1)

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Keep this much of a result; the rest is cut off. Default: 1MiB.", valueName: "size"),
        transform: ByteCountText.parse)
    var maxResult: Int = 1 << 20

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    @Option(
        parsing: .remaining,
        help: ArgumentHelp("The program to run, and its arguments: everything after --exec.", valueName: "command"))
    var exec: [String] = []

    func validate() throws {
        if exec.isEmpty {
            throw ValidationError("--exec is missing: say which program runs the jobs, at the end of the line.")
        }
        if let concurrency, !(1...10_000).contains(concurrency) {
            throw ValidationError("--concurrency must be 1 to 10000; it is \(concurrency).")
        }
        if lease < .milliseconds(300) || lease > .seconds(86_400) {
            throw ValidationError("--lease must be 300ms to 1d.")
        }
    }

    func run() async throws {
        // A program that closes its standard input early must not end the worker.
        signal(SIGPIPE, SIG_IGN)
        let program = try Program(exec, resultLimit: maxResult, killGrace: killGrace)
        try DescriptorLimit.allow(programs: slots)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try await Session.run(connection, logger: connection.logger) { penstock in
            let server = try await penstock.checkServer()
            let handler = ProgramHandler(program)
            let worker = makeWorker(penstock, handler)
            announce(server, program)
            let started = ContinuousClock.now
            do {
                try await WorkerRun(worker: worker, signals: signals, logger: connection.logger).run()
            } catch {
                summarize(worker.statistics, handler, ContinuousClock.now - started)
                throw error
            }
            summarize(worker.statistics, handler, ContinuousClock.now - started)
        }
    }

    private func makeWorker(_ penstock: Penstock, _ handler: ProgramHandler) -> Worker {
        var options = Worker.Options()
        options.lease = lease
        options.shutdownGrace = grace
        options.cancellationGrace = killGrace + .seconds(3)
        options.attemptTimeout = timeout
        options.retry = .exponential(from: backoff, cap: .seconds(600), attempts: 10)
        options.drains = drain
        let worker = Worker(penstock, queues: queue, concurrency: slots, options: options, logger: connection.logger)
        if let kinds {
            for kind in kinds { worker.handle(kind: kind) { try await handler.handle($0, $1) } }
        } else {
            worker.handleAnyKind { try await handler.handle($0, $1) }
        }
        return worker
    }

    private var slots: Int { concurrency ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    private func announce(_ server: (summary: String, warnings: [String]), _ program: Program) {
        let style = Style.error
        Console.writeError(
            "\(style.bold("worker ready:")) queues \(queue.joined(separator: ", ")); kinds "
                + "\(kinds?.joined(separator: ", ") ?? "any"); concurrency \(slots); runs \(printable(program.name)); "
                + server.summary)
        for warning in server.warnings { Console.writeError("\(style.yellow("warning:")) \(warning)") }
    }

    private func summarize(_ counts: Worker.Statistics, _ handler: ProgramHandler, _ elapsed: Duration) {
        let view = Summary(
            claimed: counts.claimed, completed: counts.completed, retried: counts.retried, dead: counts.dead,
            cancelled: counts.cancelled, released: counts.released, refused: counts.refused,
            truncated: handler.truncatedResults, seconds: elapsed / .seconds(1))
        if connection.json { Console.write(JSONText.line(view)) }
        Console.writeError(
            "\(Style.error.bold("worker done:")) \(counts.claimed) claimed, \(counts.completed) completed, "
                + "\(counts.retried) retried, \(counts.dead) dead, \(counts.cancelled) cancelled, "
                + "\(counts.released) released, \(counts.refused) refused"
                + (view.truncated == 0 ? "" : ", \(view.truncated) results truncated")
                + " in \(HumanText.duration(elapsed))")
    }

    private struct Summary: Encodable {
        let claimed: Int
        let completed: Int
        let retried: Int
        let dead: Int
        let cancelled: Int
        let released: Int
        let refused: Int
        let truncated: Int
        let seconds: Double
    }
}
