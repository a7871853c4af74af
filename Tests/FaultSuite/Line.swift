/// What is printed of a trial.
struct Line {
    let fault: String
    let result: Trial.Result

    private static let columns = [
        ("ops", 6), ("ok", 6), ("failed", 7), ("unknown", 8), ("recov.", 7), ("again", 6), ("lost", 5), ("forgiven", 9),
        ("unexp.", 7), ("killed", 7), ("back in", 9), ("took", 7),
    ]

    static var head: String {
        "fault".padded(to: 30) + columns.map { $0.0.padded(leftTo: $0.1) }.joined() + "  verdict"
    }

    var text: String {
        let verdict = result.verdict
        let numbers =
            Self.numbers(verdict) + [
                String(result.killed), Self.seconds(result.recovery), Self.seconds(result.took),
            ]
        let remarks = result.remarks.isEmpty ? "" : " (\(result.remarks.joined(separator: "; ")))"
        return fault.padded(to: 30) + zip(numbers, Self.columns).map { $0.padded(leftTo: $1.1) }.joined()
            + (verdict.isGood ? "  ok" : "  VIOLATED") + remarks
    }

    static func total(_ sum: Verdict, trials: Int, rounds: Int) -> String {
        "\(trials) trials".padded(to: 30) + zip(numbers(sum), columns).map { $0.padded(leftTo: $1.1) }.joined()
            + "  \(rounds) whole rounds"
    }

    private static func numbers(_ verdict: Verdict) -> [String] {
        [
            verdict.operations, verdict.ok, verdict.failed, verdict.unknown, verdict.recovered, verdict.duplicates,
            verdict.lost, verdict.forgiven, verdict.unexpected,
        ].map { String($0) }
    }

    private static func seconds(_ duration: Duration) -> String {
        let tenths = duration.components.seconds * 10 + duration.components.attoseconds / 100_000_000_000_000_000
        return "\(tenths / 10).\(tenths % 10)s"
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
    func padded(leftTo width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
