/// Everything that the screen shows, at one moment.
struct Board: Sendable {
    /// The parts of the tour, in the order in which they stand on the screen.
    enum Part: Int, Sendable, CaseIterable {
        case shares, checksums, kill, retries, deadLetter, delayed, orders, check

        var title: String {
            switch self {
            case .checksums: "Checksums"
            case .kill: "kill -9"
            case .shares: "Fair shares"
            case .retries: "Retries"
            case .deadLetter: "Dead letter"
            case .delayed: "Delayed"
            case .orders: "Workflow"
            case .check: "Proof"
            }
        }
    }

    struct Panel: Sendable, Equatable {
        enum State: Sendable { case waiting, running, done, failed }

        var state = State.waiting
        var headline = ""
        /// 0 to 1 where a bar is shown.
        var progress: Double?
        /// Lines under the headline.
        var details: [String] = []
    }

    struct WorkerLine: Sendable, Equatable {
        let name: String
        let pid: Int32
        /// Nil: killed.
        let running: Int?
    }

    var server = ""
    var input = ""
    var workers: [WorkerLine] = []
    private var panels = [Panel](repeating: Panel(), count: Part.allCases.count)

    subscript(part: Part) -> Panel {
        get { panels[part.rawValue] }
        set { panels[part.rawValue] = newValue }
    }

    /// The screen, line by line, no wider than `columns`. With more than `rows` of them, details of what is over are left
    /// out, and then what stands at the bottom.
    func lines(elapsed: Duration, columns: Int, rows: Int, style: Style) -> [String] {
        let all = lines(elapsed: elapsed, columns: columns, style: style) { _ in true }
        if all.count <= rows { return all }
        return Array(lines(elapsed: elapsed, columns: columns, style: style) { $0 == .running }.prefix(rows))
    }

    private func lines(
        elapsed: Duration, columns: Int, style: Style, showsDetails: (Panel.State) -> Bool
    ) -> [String] {
        let seconds = HumanText.fixed(Double(elapsed.milliseconds) / 1000, 1)
        var lines = [
            style.bold("Penstock, a tour") + clip("  \(seconds) s  \(server)", columns - 16),
            clip(input, columns),
            workerLine(columns, style),
            "",
        ]
        for part in Part.allCases {
            let panel = self[part]
            let title = part.title + String(repeating: " ", count: 13 - part.title.count)
            let bar = panel.progress.map { Self.bar($0) + "  " } ?? ""
            let text = clip(panel.headline, columns - 15 - bar.count)
            switch panel.state {
            case .waiting: lines.append(style.dim("\u{00B7} \(title)\(text)"))
            case .running: lines.append("\(style.yellow("\u{25B8}")) \(style.bold(title))\(style.green(bar))\(text)")
            case .done: lines.append("\(style.green("\u{2713}")) \(title)\(style.green(bar))\(text)")
            case .failed: lines.append("\(style.red("\u{2717}")) \(style.red(title))\(bar)\(text)")
            }
            guard showsDetails(panel.state) else { continue }
            lines += panel.details.map { style.dim(clip("               \($0)", columns)) }
        }
        return lines
    }

    private func workerLine(_ columns: Int, _ style: Style) -> String {
        var left = columns
        return workers.reduce(into: "") { line, worker in
            let state = worker.running.map { "runs \($0)" } ?? "killed"
            let text = clip("\(line.isEmpty ? "" : "   ")\(worker.name) (pid \(worker.pid)) \(state)", left)
            left -= text.count
            line += worker.running == nil ? style.red(text) : style.cyan(text)
        }
    }

    private func clip(_ text: String, _ columns: Int) -> String {
        text.count <= columns ? text : columns > 1 ? text.prefix(columns - 1) + "\u{2026}" : ""
    }

    private static func bar(_ fraction: Double) -> String {
        let filled = Int((min(max(fraction, 0), 1) * 20).rounded())
        return String(repeating: "\u{2501}", count: filled) + String(repeating: "\u{2500}", count: 20 - filled)
    }
}
