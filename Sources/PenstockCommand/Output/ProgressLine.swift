#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One line on a terminal's standard error that is drawn over ten times a second; nothing anywhere else.
struct ProgressLine {
    private let isOn: Bool
    private let started = ContinuousClock.now
    private var drawn: ContinuousClock.Instant?

    init(isOn: Bool = Console.errorIsTerminal) { self.isOn = isOn }

    /// - Parameter fraction: 0 to 1 where the end is known.
    mutating func show(_ text: String, fraction: Double?) {
        guard isOn else { return }
        let now = ContinuousClock.now
        if let drawn, now - drawn < .milliseconds(100) { return }
        drawn = now
        var line = text
        if let fraction {
            let filled = Int((min(max(fraction, 0), 1) * 24).rounded())
            let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: 24 - filled)
            line = "[\(Style.error.green(bar))] \(HumanText.fixed(fraction * 100, 0))%  \(line)"
        }
        Console.drawError("\r\u{1B}[K\(line)")
    }

    /// Takes the line away.
    mutating func clear() {
        if isOn && drawn != nil { Console.drawError("\r\u{1B}[K") }
        drawn = nil
    }

    /// How many a second since the start.
    func rate(_ count: Int) -> Double {
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        return seconds > 0 ? Double(count) / seconds : 0
    }

    var elapsed: Duration { ContinuousClock.now - started }
}
