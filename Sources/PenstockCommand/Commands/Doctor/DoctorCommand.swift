import ArgumentParser
import Penstock

/// `penstock doctor`: what is wrong, and what was done about it.
struct DoctorCommand: ConnectedCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks that nothing is lost, stuck, leaked or left behind, and mends it on request.",
        discussion: """
            Reads the namespace once, in chunks of 1 to 3 ms that never hold Redis up, while workers go on; cheap enough \
            to be run every minute. Each finding is one sentence that names the thing and the way out. Faults are broken \
            rules, warnings are settings and dead workers, notes need nothing to be done.

            EXIT CODES
              0 clean, or only notes, or all repaired   2 findings   64 wrong usage   69 Redis is unreachable   1 anything else
            """)

    @Flag(
        help: "Mend what has a rule. Each rule is one script that looks again first, so it is safe while workers run.")
    var repair = false

    @Option(
        help: ArgumentHelp(
            "A finding that is known and accepted, by its code, such as server.durability; may be repeated.",
            valueName: "code"))
    var ignore: [String] = []

    @OptionGroup(title: "Connection and output") var connection: ConnectionOptions

    func run() async throws {
        let options = AuditOptions(repairs: repair, ignores: Set(ignore))
        let report = try await Session.run(connection) { try await $0.audit(options) }
        Console.write(connection.json ? JSONText.line(DoctorView(report)) : Self.text(report))
        if !report.isClean { throw ExitCode(2) }
    }

    private static func text(_ report: AuditReport) -> String {
        var lines = report.findings.map { finding in
            let mark: String
            switch finding.severity {
            case .fault: mark = Style.output.red("fault  ")
            case .warning: mark = Style.output.yellow("warning")
            case .note: mark = Style.output.dim("note   ")
            }
            return "\(mark)  \(printable(finding.text))\(outcome(finding)) \(Style.output.dim("[\(finding.code)]"))"
        }
        if report.more > 0 { lines.append("and \(HumanText.plural(report.more, "more finding"))") }
        let looked =
            "\(HumanText.plural(report.tasks, "job")), \(HumanText.plural(report.runs, "run")), \(HumanText.plural(report.keys, "key")) checked in \(HumanText.duration(report.took)); \(report.server)"
        let verdict = report.isClean ? Style.output.green("clean") : "\(HumanText.plural(report.open, "finding"))"
        return (lines + ["\(verdict): \(looked)"]).joined(separator: "\n")
    }

    private static func outcome(_ finding: Finding) -> String {
        switch finding.repair {
        case .none: ""
        case .repaired: "; " + Style.output.green("repaired")
        case .gone: "; gone by itself"
        case .left: "; not repaired now, look again later"
        }
    }
}

/// A report as it is printed in JSON.
struct DoctorView: Encodable {
    struct FindingView: Encodable {
        let code: String
        let severity: String
        let subject: String
        let text: String
        let repairable: Bool
        /// none, repaired, gone, left
        let repair: String
    }

    let clean: Bool
    let findings: [FindingView]
    let more: Int
    let server: String
    let jobs: Int
    let runs: Int
    let keys: Int
    let elements: Int
    let rechecked: Int
    let tookMs: Int64

    init(_ report: AuditReport) {
        clean = report.isClean
        findings = report.findings.map {
            FindingView(
                code: $0.code, severity: $0.severity.rawValue, subject: $0.subject, text: $0.text,
                repairable: $0.isRepairable, repair: $0.repair.rawValue)
        }
        more = report.more
        server = report.server
        jobs = report.tasks
        runs = report.runs
        keys = report.keys
        elements = report.elements
        rechecked = report.rechecked
        tookMs = report.took.milliseconds
    }
}
