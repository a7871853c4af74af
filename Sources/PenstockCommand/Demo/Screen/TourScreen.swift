import Glibc
import Synchronization

/// Shows the board: on a terminal one screen that is drawn over ten times a second, anywhere else a line for each thing
/// that happens, or nothing.
final class TourScreen: Sendable {
    enum Mode: Sendable {
        case live(descriptor: Int32)
        case lines
        case silent
    }

    private let mode: Mode
    private let started = ContinuousClock.now
    private let board = Mutex(Board())
    /// How many lines the last drawing has.
    private let drawn = Mutex(0)

    init(_ mode: Mode) { self.mode = mode }

    var elapsed: Duration { ContinuousClock.now - started }

    /// Changes what is not a part of the tour: the head of the screen.
    func update(_ change: (inout Board) -> Void) { board.withLock { change(&$0) } }

    /// Shows how a part stands. Without a terminal that is said once for each state, and for each milestone.
    func show(
        _ part: Board.Part, _ state: Board.Panel.State, _ headline: String, progress: Double? = nil,
        details: [String] = [], isMilestone: Bool = false
    ) {
        let before = board.withLock { board in
            let before = board[part].state
            board[part] = Board.Panel(state: state, headline: headline, progress: progress, details: details)
            return before
        }
        guard case .lines = mode, before != state || isMilestone, !headline.isEmpty else { return }
        say("\(part.title): \(headline)")
        if state != .running { for line in details { say("    \(line)") } }
    }

    /// A line of its own where there is no screen to show it on.
    func say(_ text: String) {
        guard case .lines = mode else { return }
        let seconds = HumanText.fixed(Double(elapsed.milliseconds) / 1000, 2)
        Console.write(String(repeating: " ", count: max(0, 6 - seconds.count)) + seconds + "s  " + text)
    }

    /// Draws until it is cancelled.
    func run() async {
        guard case .live = mode else { return }
        while !Task.isCancelled {
            draw()
            try? await Task.sleep(for: .milliseconds(100))
        }
        draw(isLast: true)
    }

    /// - Parameter isLast: nothing is drawn over this any more, so that it may scroll.
    private func draw(isLast: Bool = false) {
        guard case .live(let descriptor) = mode else { return }
        let (rows, columns) = Self.size(of: descriptor)
        let style = descriptor == STDERR_FILENO ? Style.error : Style.output
        let lines = board.withLock {
            $0.lines(elapsed: elapsed, columns: columns, rows: isLast ? .max : rows - 1, style: style)
        }
        let text = drawn.withLock { drawn in
            let up = drawn > 0 ? "\u{1B}[\(min(drawn, rows - 1))A" : ""
            drawn = lines.count
            return up + "\r" + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J"
        }
        if descriptor == STDERR_FILENO { Console.drawError(text) } else { Console.draw(text) }
    }

    private static func size(of descriptor: Int32) -> (rows: Int, columns: Int) {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 1, size.ws_col > 20 else {
            return (24, 80)
        }
        return (Int(size.ws_row), Int(size.ws_col))
    }
}
