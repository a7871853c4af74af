import Foundation
import PenstockModel
import PenstockTesting
import Testing

/// croniter, an implementation of cron in Python by other people, in one process that answers many questions.
enum Croniter {
    struct Question: Sendable {
        let expression: String
        let zone: String
        /// Seconds since 1970.
        let after: Int64
    }

    struct Answers: Sendable {
        /// What Python's zone data say: the offset at the start of 1970, and the changes up to 2100.
        var zones: [String: ListedZone] = [:]
        var changes: [String: [Int64]] = [:]
        /// For each question the next tick in seconds since 1970; nil where croniter refuses or finds none.
        var ticks: [Int64?] = []
    }

    static func ask(_ questions: [Question], zones: [String]) async throws -> Answers {
        let folder = try packages()
        let lines = zones.map { "zone\t\($0)" } + questions.map { "\($0.zone)\t\($0.after)\t\($0.expression)" }
        let input = Array((lines.joined(separator: "\n") + "\n").utf8)
        let output = try await TestProcess.withProcess(
            "/usr/bin/python3", ["-c", program, folder], input: input,
            bounds: .init(lines: lines.count + 10, bytesPerLine: 1 << 20)
        ) { process in
            let exit = try await process.exit(within: .seconds(550))
            try await process.output.end()
            try #require(exit == .code(0), "\(process.errorOutput.lines.suffix(5))")
            return process.output.lines
        }
        try #require(output.count == lines.count)
        var answers = Answers()
        for (name, line) in zip(zones, output) {
            let numbers = line.split(separator: " ").compactMap { Int64($0) }
            let changes = stride(from: 1, to: numbers.count - 1, by: 2).map {
                (at: numbers[$0], offset: numbers[$0 + 1])
            }
            answers.zones[name] = ListedZone(first: try #require(numbers.first), changes: changes)
            answers.changes[name] = changes.map(\.at)
        }
        answers.ticks = output.dropFirst(zones.count).map { Int64($0) }
        return answers
    }

    /// Where `.ci/setup` has put it.
    private static func packages() throws -> String {
        var folder = URL(fileURLWithPath: #filePath)
        while folder.path != "/" && !FileManager.default.fileExists(atPath: folder.path + "/Package.swift") {
            folder.deleteLastPathComponent()
        }
        let packages = folder.path + "/.build/python"
        try #require(
            FileManager.default.fileExists(atPath: packages + "/croniter"), "croniter is missing: run .ci/setup")
        return packages
    }

    private static let program = """
        import sys, datetime
        sys.path.insert(0, sys.argv[1])
        import zoneinfo
        # The pinned package tzdata instead of whatever the system has.
        zoneinfo.reset_tzpath(to=[])
        from croniter import croniter
        utc, zones, out = datetime.timezone.utc, {}, []

        def zone(name):
            if name not in zones:
                zones[name] = zoneinfo.ZoneInfo(name)
            return zones[name]

        def offset(z, second):
            return int(datetime.datetime.fromtimestamp(second, z).utcoffset().total_seconds())

        def changes(z):
            # Weeks: two changes within one would be missed, and found missing by the test of the zones.
            second, end, week = 0, 4102444800, 604800
            found = [offset(z, second)]
            while second < end:
                if offset(z, second) != offset(z, second + week):
                    low, high = second, second + week
                    while high - low > 1:
                        middle = (low + high) // 2
                        if offset(z, middle) == offset(z, low): low = middle
                        else: high = middle
                    found += [high, offset(z, high)]
                second += week
            return found

        for line in sys.stdin:
            parts = line.rstrip('\\n').split('\\t')
            if parts[0] == 'zone':
                out.append(' '.join(map(str, changes(zone(parts[1])))))
                continue
            start = datetime.datetime.fromtimestamp(int(parts[1]), zone(parts[0]))
            try:
                out.append(str(int(croniter(parts[2], start, second_at_beginning=True).get_next(float))))
            except Exception as error:
                out.append('! ' + type(error).__name__)
        print('\\n'.join(out))
        """
}
