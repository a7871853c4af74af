import Foundation

/// A report for people.
enum Table {
    static func lines(_ report: Report) -> [String] {
        let machine = report.machine
        var lines = [
            "\(machine.processor), \(machine.cores) cores, \(number(machine.memoryGigabytes, "")) GB, "
                + "Linux \(machine.kernel), load \(machine.load)",
            "penstock \(machine.penstock), \(machine.redis), \(machine.swift)",
            "\(report.began), \(report.options.runs) runs, append-only file: \(report.options.durability.rawValue)",
        ]
        for section in report.scenarios {
            lines += ["", "\(section.name) (\(number(section.seconds, "")) s)"]
            if let error = section.error { lines.append("  FAILED: \(error)") }
            lines += (section.notes ?? []).map { "  " + $0 }
            lines += section.figures.map(row)
        }
        let references = report.references
        lines += [
            "", "reference, \(references.count) times",
            row(.init(Figure("sets", 0, "1/s", .higher), references.map(\.setsPerSecond))),
            row(.init(Figure("set_redis_cpu", 0, "us", .lower), references.map(\.setMicroseconds))),
            row(.init(Figure("ping", 0, "us", .lower), references.map(\.pingMicroseconds))),
        ]
        return lines
    }

    private static func row(_ summary: Report.Summary) -> String {
        let spread = summary.values.count > 1 ? "±\(number(summary.spread * 50, "")) %" : ""
        var line = "  \(summary.name.padded(to: 36))\(number(summary.median, summary.unit).aligned(to: 10)) "
        line += "\(shortUnit(summary.unit).padded(to: 16))\(spread.padded(to: 10))"
        if summary.target != nil { line += "\(target(summary)), \(summary.isMet == true ? "met" : "NOT met")" }
        while line.last == " " { line.removeLast() }
        return line
    }

    static func target(_ summary: Report.Summary) -> String {
        guard let target = summary.target else { return "" }
        let words = target.bound == .atLeast ? "at least" : "at most"
        return "\(words) \(number(target.value, summary.unit))\(target.holdsAlways ? " in every run" : "")"
    }

    /// Three digits that count; shares of the SET rate as 1/n.
    static func number(_ value: Double, _ unit: String) -> String {
        if unit == Yardstick.shareOfRate, value > 0, value < 1 { return "1/" + number(1 / value, "") }
        switch abs(value) {
        case 100...: return String(format: "%.0f", value)
        case 10...: return String(format: "%.1f", value)
        case 0: return "0"
        default: return String(format: "%.2f", value)
        }
    }

    private static func shortUnit(_ unit: String) -> String { unit == Yardstick.shareOfRate ? "of SETs" : unit }

    /// The medians of a report as ratios to those of an older one. An arrow up is better, down is worse, and none is within
    /// 3 %; whether that means anything, the spreads tell.
    static func comparison(_ new: Report, with old: Report) -> [String] {
        var lines = ["", "against \(old.began), \(old.machine.penstock), \(old.machine.processor)"]
        for (scenario, figure, ratio, isBetter) in new.ratios(to: old) {
            let arrow = abs(ratio - 1) <= 0.03 ? " " : isBetter ? "↑" : "↓"
            lines.append(
                "  \("\(scenario) \(figure)".padded(to: 52))\(String(format: "%.2f", ratio).aligned(to: 8)) \(arrow)")
        }
        return lines
    }
}

extension Report {
    /// New median to old, for what both have.
    func ratios(to old: Report) -> [(scenario: String, figure: String, ratio: Double, isBetter: Bool)] {
        var before: [String: Double] = [:]
        for section in old.scenarios {
            for figure in section.figures { before["\(section.name) \(figure.name)"] = figure.median }
        }
        return scenarios.flatMap { section in
            section.figures.compactMap { figure in
                guard let old = before["\(section.name) \(figure.name)"], old != 0 else { return nil }
                let ratio = figure.median / old
                return (section.name, figure.name, ratio, figure.better == .higher ? ratio > 1 : ratio < 1)
            }
        }
    }
}
