import ArgumentParser
import EmbeddedRedis
import Glibc
import UnixSignals

/// `penstock demo`: the tour.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "A tour of under a minute, on a private Redis that is gone afterwards.",
        discussion: """
            Every regular file under DIRECTORY (default: the project's own Sources and lua, where this program was \
            built, and the system's C headers) becomes a job of kind checksum, under a tenant named for its top folder. \
            Worker processes share the work. On the way one tenant floods a queue and small ones get their share; one \
            worker is killed with SIGKILL while it holds jobs, and when its lease of 2 s has run out the others take \
            these over; a job fails twice and succeeds by back-off; a poison one becomes a dead letter and is retried by \
            hand; delayed jobs start on time; an order goes through a workflow of three steps, and one that no carrier takes \
            is undone. At the end the result of every job is read back from Redis and compared \
            with what sha256sum says.

            FIGURES (with --json one object with exactly these)
              jobs             all jobs of the tour: one for each file, and
                               4,502 that show the rest
              completed        jobs that succeeded, the one retried by hand too
              retried          failed attempts that another one followed by
                               back-off
              recovered        jobs taken over from a worker that was lost
              dead             jobs that are dead letters at the end
              lost             jobs neither completed nor dead nor cancelled
              mismatched       completed jobs whose checksum is not sha256sum's
              runs             runs of the workflow
              rolled_back      of these, undone after a step had failed for good
              runs_wrong       what came out otherwise than it should in these
              jobs_per_second  files a second, from the moment the workers got
                               them until the last that was neither slowed down
                               on purpose nor taken over
              lateness_ms_p99  99th percentile, over 100 delayed jobs, of start
                               minus due time in milliseconds

            EXIT CODES
              0 all is well   1 something was lost, differs or was not undone
              64 wrong usage   69 no redis-server
            """)

    @Argument(help: ArgumentHelp("Use the files under this directory.", valueName: "directory"))
    var directory: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("How many worker processes, 2 to 16.", valueName: "number"))
    var workers = 2

    @Flag(help: "Print one JSON object on standard output; errors as an object on standard error.")
    var json = false

    func validate() throws {
        guard (2...16).contains(workers) else {
            throw ValidationError("--workers must be 2 to 16, since one is killed; it is \(workers).")
        }
        if directory?.isEmpty == true { throw ValidationError("the directory is empty; leave it out for the default.") }
    }

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let screen = TourScreen(mode)
        let end: End
        do {
            try IndependentDigests.check()
            let survey = try directory.map(FileSurvey.of) ?? FileSurvey.ofThisSystem()
            end = try await perform(Tour(survey: survey, workerCount: workers, screen: screen), signals)
        } catch let error as EmbeddedRedisError {
            throw CommandFailure(embedded: error)
        }
        switch end {
        case .finished(let ending): try conclude(ending)
        case .interrupted(let signal):
            Console.writeError("\(signal): the tour was stopped; its processes and files are gone")
            Glibc.exit(128 + signal.rawValue)
        case .screenClosed: break
        }
    }

    private var mode: TourScreen.Mode {
        if json { return Console.errorIsTerminal ? .live(descriptor: STDERR_FILENO) : .silent }
        return Console.outputIsTerminal ? .live(descriptor: STDOUT_FILENO) : .lines
    }

    private enum End: Sendable {
        case finished(Tour.Ending)
        case interrupted(UnixSignal)
        case screenClosed
    }

    /// Runs the tour until it ends or a signal does; either way nothing of it is left when this returns.
    private func perform(_ tour: Tour, _ signals: UnixSignalsSequence) async throws -> End {
        try await withThrowingTaskGroup(of: End.self) { group in
            group.addTask { .finished(try await tour.run()) }
            group.addTask {
                for await signal in signals { return .interrupted(signal) }
                return .screenClosed
            }
            group.addTask {
                await tour.screen.run()
                return .screenClosed
            }
            do {
                var end = End.screenClosed
                while case .screenClosed = end, let next = try await group.next() { end = next }
                group.cancelAll()
                // What an interrupted tour throws is nobody's business.
                while (try? await group.next()) != nil {}
                return end
            } catch {
                group.cancelAll()
                while (try? await group.next()) != nil {}
                throw error
            }
        }
    }

    private func conclude(_ ending: Tour.Ending) throws {
        if json {
            Console.write(JSONText.line(ending.report))
        } else {
            Console.write("\n" + ending.report.table(.output))
        }
        guard !ending.verdict.isGood else { return }
        throw CommandFailure("tour_failed", Self.complaint(ending))
    }

    private static func complaint(_ ending: Tour.Ending) -> String {
        let (lost, mismatches) = (ending.verdict.lost, ending.verdict.mismatches)
        var lines = [
            "\(HumanText.plural(lost.count, "job")) lost, \(HumanText.plural(mismatches.count, "checksum")) wrong"
        ]
        let (commits, completed) = (ending.verdict.commits, ending.verdict.completed)
        if commits != completed { lines.append("\(commits) commits for \(completed) completed jobs") }
        lines += lost.prefix(5).map { "lost: \($0.id), \($0.file) in queue \($0.queue)" }
        lines += mismatches.prefix(5).map {
            "differs: \($0.file): \($0.ours ?? "no result") here, \($0.theirs ?? "nothing") by sha256sum"
        }
        lines += ending.verdict.wrongRuns.map { "wrong: \($0)" }
        if !ending.complaint.isEmpty && !mismatches.isEmpty { lines.append(printable(ending.complaint)) }
        return lines.joined(separator: "\n  ")
    }
}

extension CommandFailure {
    /// The server of the tour could not be started: `--embedded` is not what the user typed here.
    fileprivate init(embedded error: EmbeddedRedisError) {
        let known = CommandFailure(error as any Error)
        self.init(known.code, "\(error)", exit: known.exit)
    }
}
