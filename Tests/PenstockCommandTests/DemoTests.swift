import Foundation
import Penstock
import PenstockTesting
import Testing

@testable import PenstockCommand

@Suite("The tour", .timeLimit(.minutes(10)), .serialized)
struct DemoTests {
    // MARK: The real program

    @Test("checks every file, loses nothing, is recovered from a kill, and leaves nothing behind")
    func tour() async throws {
        try await withTemporaryDirectory { folder in
            let files = try makeFiles(in: folder)
            try await TestProcess.withProcess(penstockProgram(), ["demo", folder, "--json"]) { demo in
                let family = try await DemoFamily.of(demo.pid)
                let exit = try await demo.exit(within: .seconds(120))
                try await demo.output.end()
                try await demo.errorOutput.end()
                #expect(exit == .code(0), "\(demo.errorOutput.lines)")
                #expect(demo.errorOutput.lines.isEmpty)
                try #require(demo.output.lines.count == 1, "\(demo.output.lines)")
                let json = try JSONValue(demo.output.lines[0])
                #expect(
                    json.keys == [
                        "jobs", "completed", "retried", "recovered", "dead", "lost", "mismatched", "jobs_per_second",
                        "lateness_ms_p99", "runs", "rolled_back", "runs_wrong",
                    ])
                let jobs = try #require(json["jobs"].int)
                #expect(jobs == files + 4502)
                #expect(json["completed"].int == jobs)
                #expect(try #require(json["retried"].int) >= 2)
                #expect(try #require(json["recovered"].int) > 0)
                #expect(json["dead"].int == 0)
                #expect(json["lost"].int == 0)
                #expect(json["mismatched"].int == 0)
                #expect(json["runs"].int == 2 && json["rolled_back"].int == 1 && json["runs_wrong"].int == 0)
                #expect(try #require(json["jobs_per_second"].int) > 0)
                #expect(try #require(json["lateness_ms_p99"].int) >= 0)
                #expect(family.isGone)
            }
        }
    }

    @Test("leaves nothing behind when it is interrupted or killed", arguments: [SIGINT, SIGKILL])
    func ended(signal: Int32) async throws {
        try await withTemporaryDirectory { folder in
            _ = try makeFiles(in: folder)
            try await TestProcess.withProcess(penstockProgram(), ["demo", folder]) { demo in
                let family = try await DemoFamily.of(demo.pid)
                demo.signal(signal)
                let exit = try await demo.exit()
                #expect(exit == (signal == SIGKILL ? .signal(SIGKILL) : .code(130)))
                if signal == SIGINT { #expect(family.isGone) }
                try await eventually("the demo's processes and directory to be gone") { family.isGone }
            }
        }
    }

    @Test("says what is missing and what is wrong")
    func refusals() async throws {
        try await withTemporaryDirectory { folder in
            let empty = try await run(["demo", folder])
            #expect(empty.exit == .code(64))
            #expect(empty.errors.contains("no regular file"))
            let none = try await run(["demo", folder + "/none"])
            #expect(none.exit == .code(64))
            let alone = try await run(["demo", "--workers", "1"])
            #expect(alone.exit == .code(64))
            #expect(alone.errors.contains("--workers must be 2 to 16"))
            try Data("x".utf8).write(to: URL(fileURLWithPath: folder + "/x"))
            let unserved = try await run(["demo", folder], ["PENSTOCK_REDIS_SERVER": folder + "/none"])
            #expect(unserved.exit == .code(69))
            #expect(unserved.errors.contains(folder + "/none") && !unserved.errors.contains("--embedded"))
        }
    }

    private func run(
        _ arguments: [String], _ environment: [String: String?] = [:]
    ) async throws -> (exit: TestProcess.Exit, errors: String) {
        try await TestProcess.withProcess(penstockProgram(), arguments, environment: environment) { process in
            let exit = try await process.exit()
            try await process.errorOutput.end()
            return (exit, process.errorOutput.lines.joined(separator: "\n"))
        }
    }

    /// Many small files, an empty one, a large one, and names that break naive programs. How many.
    private func makeFiles(in folder: String) throws -> Int {
        let names = ["a b", "new\nline", "-n", "back\\slash", "Grüße 🌊", "quote'\"$(x)", "100%"]
        for name in names + ["many", "many/deep/er"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name) dir", withIntermediateDirectories: true)
        }
        var files: [(String, Data)] = (0..<290).map { ("many dir/\($0)", Data("file \($0)\n".utf8)) }
        for name in names { files += [("\(name) dir/\(name)", Data(name.utf8)), (name, Data("top".utf8))] }
        files.append(("empty", Data()))
        files.append(("large", Data((0..<5 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) })))
        for (name, data) in files { try data.write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
        try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "large")
        // A name that is no UTF-8.
        let odd = FileName(Array("\(folder)/".utf8) + [0xFF, 0xFE])
        let created = odd.withCString { open($0, O_WRONLY | O_CREAT, 0o600) }
        try #require(created >= 0)
        close(created)
        return files.count + 1
    }

    // MARK: Its judgement

    private func job(_ file: String) throws -> TourJob {
        TourJob(id: try #require(TaskID("job")), file: FileName(file), queue: "files", tenant: "")
    }

    private func completed(_ digest: String) -> Outcome {
        .completed(.init(sha256: digest, bytes: 1, started: 1, ended: 2, pid: 3, recoveries: 0))
    }

    @Test func `a checksum that differs, or that nobody else computed, is a mismatch`() throws {
        let verdict = Verdict(
            [
                (try job("same"), completed("aa")), (try job("changed"), completed("bb")),
                (try job("alone"), completed("cc")), (try job("garbled"), .unreadable),
            ], independent: [FileName("same"): "aa", FileName("changed"): "b0", FileName("garbled"): "dd"], commits: 4)
        #expect(verdict.completed == 4)
        #expect(
            verdict.mismatches == [
                .init(file: FileName("changed"), ours: "bb", theirs: "b0"),
                .init(file: FileName("alone"), ours: "cc", theirs: nil),
                .init(file: FileName("garbled"), ours: nil, theirs: "dd"),
            ])
        #expect(!verdict.isGood)
    }

    @Test func `a job is lost unless it completed, is dead or was cancelled`() throws {
        let states: [TaskState] = [.queued, .delayed, .running, .unknown]
        let verdict = Verdict(
            try [(try job("d"), .dead), (try job("c"), .cancelled)]
                + states.map { (try job($0.rawValue), .missing($0)) }, independent: [:], commits: 0)
        #expect(verdict.lost.map(\.file.description) == states.map(\.rawValue))
        #expect(verdict.dead == 1)
        #expect(verdict.cancelled == 1)
        #expect(!verdict.isGood)
        #expect(Verdict([(try job("d"), .dead)], independent: [:], commits: 0).isGood)
        #expect(!Verdict([(try job("d"), .dead)], independent: [:], commits: 1).isGood)
        #expect(!Verdict([], independent: [:], commits: 0, wrongRuns: ["order 2 has left charged"]).isGood)
    }

    @Test func `a result that is no result is unreadable`() {
        for result in [nil, [], Array("{}".utf8)] as [[UInt8]?] {
            let outcome = Outcome(.completed, result: result, codec: JSONCodec())
            guard case .unreadable = outcome else {
                Issue.record("\(outcome)")
                continue
            }
        }
    }

    @Test func `sha256sum's own words are read, whatever the names`() {
        let digest = String(repeating: "ab", count: 32)
        let names = [Array("plain".utf8), Array("two\nlines".utf8), [0xFF, 0x20, 0x5C]]
        let read = IndependentDigests(parsing: names.flatMap { Array("\(digest)  ".utf8) + $0 + [0] })
        #expect(Set(read.digests.keys) == Set(names.map { FileName($0) }))
        #expect(Set(read.digests.values) == [digest])
    }

    @Test func `sha256sum sees what changes after we looked`() async throws {
        try await withTemporaryDirectory { folder in
            let file = FileName(folder + "/file")
            try Data("before".utf8).write(to: URL(fileURLWithPath: folder + "/file"))
            let ours = try await FileDigest.sha256(of: file)
            #expect(try await IndependentDigests.of([file]).digests == [file: ours.hex])
            try Data("after".utf8).write(to: URL(fileURLWithPath: folder + "/file"))
            let later = try await IndependentDigests.of([file, FileName(folder + "/gone")])
            let verdict = Verdict(
                [(try job("\(folder)/file"), completed(ours.hex))], independent: later.digests, commits: 1)
            #expect(verdict.mismatches == [.init(file: file, ours: ours.hex, theirs: later.digests[file])])
            #expect(later.digests.count == 1)
            #expect(later.complaint.contains("gone"))
        }
    }

    @Test func `names survive JSON, also those that are no text`() throws {
        let codec = JSONCodec()
        for bytes in [Array("a\nb \u{1F30A}".utf8), [0x2F, 0xFF, 0xC3]] {
            let job = Checksum(file: FileName(bytes))
            #expect(try codec.decode(Checksum.self, from: try codec.encode(job)).file.bytes == bytes)
        }
    }

    // MARK: Its figures

    @Test func `rounds are counted by the flood's starts`() {
        // In turns: flood, a, b; then a's second job comes two rounds late.
        let shares = FairShare.of(["f", "a", "b", "f", "b", "f", "f", "a", "f"], flood: "f")
        #expect(
            shares == [
                FairShare(tenant: "a", jobs: 2, share: 0.25, firstRound: 1, lastRound: 4, behind: 2),
                FairShare(tenant: "b", jobs: 2, share: 0.4, firstRound: 1, lastRound: 2, behind: 0),
            ])
    }

    @Test func `percentiles are those of the nearest rank`() {
        let values = Distribution((1...100).map(Double.init).shuffled())
        #expect(values.percentile(0.5) == 50)
        #expect(values.percentile(0.99) == 99)
        #expect(values.maximum == 100)
        #expect(Distribution([]).percentile(0.99) == 0)
    }

    @Test(arguments: [20, 40, 80, 200]) func `the screen keeps within its columns`(columns: Int) {
        var board = Board()
        board.server = String(repeating: "server ", count: 20)
        board.input = String(repeating: "input ", count: 40)
        board.workers = (1...9).map { .init(name: "worker \($0)", pid: 123_456, running: $0 == 2 ? nil : $0) }
        for part in Board.Part.allCases {
            board[part] = .init(
                state: .running, headline: String(repeating: "x", count: 300), progress: 0.5,
                details: [String(repeating: "y", count: 300)])
        }
        board[.shares].state = .done
        let style = Style(isOn: false)
        let lines = board.lines(elapsed: .seconds(12), columns: columns, rows: 24, style: style)
        if columns >= 40 { #expect(lines.allSatisfy { $0.count <= columns }) }
        let parts = Board.Part.allCases.count
        #expect(lines.count == 4 + 2 * parts)
        // Too low for all: what is over has no details; then the bottom goes.
        #expect(board.lines(elapsed: .zero, columns: columns, rows: 3 + 2 * parts, style: style).count == 3 + 2 * parts)
        #expect(board.lines(elapsed: .zero, columns: columns, rows: 9, style: style).count == 9)
    }
}
