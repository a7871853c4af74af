import Penstock

/// Enqueues each line of a file, in batches, in constant memory.
struct LineEnqueue {
    let file: InputFile
    let kind: String
    let options: JobOptions
    let limits: LimitOptions
    let keyPrefix: String?
    let checksJSON: Bool
    let printsIDs: Bool
    let memoryMark: Double?
    let connection: ConnectionOptions

    /// Jobs that travel together.
    private struct Batch {
        private(set) var jobs: [Penstock.RawJob] = []
        private var bytes = 0

        var isFull: Bool { jobs.count >= 1000 || bytes >= 4 << 20 }

        mutating func add(_ job: Penstock.RawJob) {
            jobs.append(job)
            bytes += job.payload.count
        }

        mutating func clear() {
            jobs.removeAll(keepingCapacity: true)
            bytes = 0
        }
    }

    private struct Tally {
        var enqueued = 0
        var duplicates = 0
    }

    func run() async throws {
        try await Session.run(connection, memoryMark: memoryMark) { penstock in
            // A bad address is better told before standard input is waited for.
            _ = try await penstock.checkServer()
            var progress = ProgressLine()
            var tally = Tally()
            do {
                try await enqueueAll(penstock, &tally, &progress)
            } catch {
                progress.clear()
                if !connection.json { Console.writeError(summary(tally, progress)) }
                throw error
            }
            progress.clear()
            report(tally, progress)
        }
    }

    private func enqueueAll(_ penstock: Penstock, _ tally: inout Tally, _ progress: inout ProgressLine) async throws {
        var lines = Lines(file, longest: EnqueueCommand.largestPayload)
        var batch = Batch()
        do {
            while true {
                while let line = lines.next() {
                    if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
                    try check(line, number: lines.number)
                    batch.add(job(line, number: lines.number))
                    guard batch.isFull else { continue }
                    try await send(&batch, penstock, &tally)
                    let text = summary(tally, progress)
                    progress.show(text, fraction: file.size.map { Double(lines.position) / Double(max($0, 1)) })
                }
                if lines.isAtEnd { break }
                // The lines of a slow writer do not wait for those that it has not written yet.
                if !file.isReady { try await send(&batch, penstock, &tally) }
                try lines.fill()
            }
        } catch let error as CommandFailure {
            // Lines before a bad one are enqueued.
            try await send(&batch, penstock, &tally)
            throw error
        }
        try await send(&batch, penstock, &tally)
    }

    private func job(_ line: [UInt8], number: Int) -> Penstock.RawJob {
        var settled = options.options(key: keyPrefix.map { "\($0):\(number)" })
        limits.apply(to: &settled)
        return .init(kind: kind, payload: line, options: settled)
    }

    private func check(_ line: [UInt8], number: Int) throws(CommandFailure) {
        guard line.count <= EnqueueCommand.largestPayload else {
            throw .usage(
                "\(file.name), line \(number): longer than the largest payload, \(HumanText.bytes(EnqueueCommand.largestPayload))"
            )
        }
        guard checksJSON else { return }
        do throws(JSONSyntax.Problem) {
            try JSONSyntax.check(line)
        } catch {
            let again =
                keyPrefix == nil
                ? "Put it right, and enqueue the file from there on."
                : "Put it right, and run the same command again: nothing is enqueued twice."
            throw .usage(
                "\(file.name), line \(number) is not JSON: \(error). The lines before it are enqueued. \(again)")
        }
    }

    private func send(_ batch: inout Batch, _ penstock: Penstock, _ tally: inout Tally) async throws {
        guard !batch.jobs.isEmpty else { return }
        let answers = try await penstock.enqueue(raw: batch.jobs)
        batch.clear()
        let duplicates = answers.count { $0.isDuplicate }
        tally.duplicates += duplicates
        tally.enqueued += answers.count - duplicates
        if printsIDs && !connection.json { Console.write(answers.map(\.id.rawValue).joined(separator: "\n")) }
        if printsIDs && connection.json {
            Console.write(
                answers.map { JSONText.line(LineView(id: $0.id.rawValue, duplicate: $0.isDuplicate)) }
                    .joined(separator: "\n"))
        }
    }

    private func report(_ tally: Tally, _ progress: ProgressLine) {
        if connection.json {
            Console.write(
                JSONText.line(
                    Summary(
                        enqueued: tally.enqueued, duplicates: tally.duplicates,
                        seconds: progress.elapsed / .seconds(1))))
        } else if printsIDs {
            Console.writeError(summary(tally, progress))
        } else {
            Console.write(summary(tally, progress))
        }
    }

    private func summary(_ tally: Tally, _ progress: ProgressLine) -> String {
        let known = tally.duplicates == 0 ? "" : ", \(HumanText.count(tally.duplicates)) known already"
        let rate = HumanText.count(Int(progress.rate(tally.enqueued + tally.duplicates)))
        return
            "\(HumanText.count(tally.enqueued)) enqueued\(known) in \(HumanText.duration(progress.elapsed)) (\(rate)/s)"
    }

    private struct Summary: Encodable {
        let enqueued: Int
        let duplicates: Int
        let seconds: Double
    }

    private struct LineView: Encodable {
        let id: String
        let duplicate: Bool
    }
}
