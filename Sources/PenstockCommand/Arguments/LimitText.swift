import Penstock

/// Limits as people type them.
enum LimitText {
    struct Rate: Sendable, Equatable {
        let jobs: Int
        let period: Duration
    }

    /// The name of a limit: queue:mail, tenant:*, account:42.
    static func name(_ text: String) throws(ArgumentProblem) -> String {
        do throws(InvalidLimit) { return try LimitName(text).rawValue } catch { throw ArgumentProblem("\(error)") }
    }

    /// A key that a job brings.
    static func key(_ text: String) throws(ArgumentProblem) -> String {
        do throws(InvalidLimit) {
            let name = try LimitName(text)
            try name.checkAsKey()
            return name.rawValue
        } catch { throw ArgumentProblem("\(error)") }
    }

    /// So many jobs in a period: 10/s, 600/m, 5000/h, 3/10s.
    static func rate(_ text: String) throws(ArgumentProblem) -> Rate {
        guard let slash = text.lastIndex(of: "/"), let jobs = Int(text[..<slash]), slash < text.endIndex else {
            throw ArgumentProblem(hint)
        }
        let unit = text[text.index(after: slash)...]
        guard let first = unit.first else { throw ArgumentProblem("the period is missing; \(hint)") }
        let period: Duration
        do throws(ArgumentProblem) {
            period = try DurationText.parsePositive(first.isNumber ? String(unit) : "1\(unit)")
        } catch { throw ArgumentProblem("its period is wrong: \(error)") }
        do throws(InvalidLimit) { _ = try LimitTerms(jobs: jobs, per: period) } catch {
            throw ArgumentProblem("\(error)")
        }
        return Rate(jobs: jobs, period: period)
    }

    static func burst(_ text: String) throws(ArgumentProblem) -> Int { try number(text, 1...1_000_000) }

    static func concurrency(_ text: String) throws(ArgumentProblem) -> Int {
        do throws(ArgumentProblem) { return try number(text, 1...10_000_000) } catch {
            throw ArgumentProblem("\(error). To stop a queue or kind, pause it: penstock queue pause")
        }
    }

    static func most(_ text: String) throws(ArgumentProblem) -> Int { try number(text, 1...1_000_000_000) }

    private static func number(_ text: String, _ range: ClosedRange<Int>) throws(ArgumentProblem) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw ArgumentProblem("it must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static let hint = "write it like 10/s, 600/m, 5000/h or 3/10s"
}
