import Penstock

/// The steps of a run as lines for a terminal: mark, name, state, duration, attempts where there was more than one,
/// and what a step waits for where that cannot be seen.
///
///     ✓ reserve    succeeded          40ms
///     ├─ ✗ charge  failed             3.0s  3 attempts
///     │    card refused
///     └─ … pack    queued or running
struct StepDrawing {
    let rows: [StepRow]
    /// Whether to do without characters that old terminals and logs lack.
    var isASCII = false
    var style = Style.output

    func lines() -> [String] {
        let heads = rows.map { rails($0.rails) + mark($0.state) + " " + printable($0.name) }
        let states = rows.map { $0.state.words + ($0.branch.map { ", decided for \(printable($0))" } ?? "") }
        let times = rows.map { $0.detail.duration.map(HumanText.duration) ?? "" }
        let widths = [heads, states, times].map { $0.map(\.count).max() ?? 0 }
        return rows.indices.flatMap { place in
            let row = rows[place]
            let head = heads[place].padded(to: widths[0])
            let state = paint(row.state)(states[place].padded(to: widths[1]))
            let line = [head, state, times[place].padded(to: widths[2]), notes(of: row)].joined(separator: "  ")
            return [line.withoutTrailingBlanks] + errorLine(of: row)
        }
    }

    private func notes(of row: StepRow) -> String {
        var notes: [String] = []
        if let attempts = row.detail.attempts, attempts > 1 { notes.append("\(attempts) attempts") }
        if row.namesDependencies {
            let all = row.dependencies.map(printable).joined(separator: ", ")
            notes.append(style.dim("after " + (row.need.map { "\($0) of " } ?? "") + all))
        }
        return notes.joined(separator: "  ")
    }

    /// The first line of the error, under the name.
    private func errorLine(of row: StepRow) -> [String] {
        guard let line = row.detail.error?.split(whereSeparator: \.isNewline).first else { return [] }
        return [rails(row.continued) + "  " + style.red(printable(String(line)))]
    }

    private func rails(_ rails: [StepRow.Rail]) -> String {
        rails.map { rail in
            switch rail {
            case .branch: isASCII ? "|- " : "├─ "
            case .last: isASCII ? "`- " : "└─ "
            case .through: isASCII ? "|  " : "│  "
            case .blank: "   "
            }
        }.joined()
    }

    private func mark(_ state: StepState) -> String {
        switch state {
        case .pending: isASCII ? "." : "·"
        case .active: isASCII ? "~" : "…"
        case .waiting: isASCII ? "=" : "⏸"
        case .succeeded, .waived: isASCII ? "+" : "✓"
        case .failed, .interrupted, .rollbackFailed: isASCII ? "x" : "✗"
        case .skipped, .cancelled: isASCII ? "-" : "–"
        case .rollingBack, .rolledBack: isASCII ? "<" : "↩"
        }
    }

    private func paint(_ state: StepState) -> (String) -> String {
        switch state {
        case .pending, .skipped, .cancelled: style.dim
        case .active, .waiting: style.cyan
        case .succeeded, .waived: style.green
        case .failed, .rollbackFailed: style.red
        case .interrupted, .rollingBack, .rolledBack: style.yellow
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(width - count, 0)) }
    fileprivate var withoutTrailingBlanks: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
