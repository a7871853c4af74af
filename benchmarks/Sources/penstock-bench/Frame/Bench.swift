import ArgumentParser
import Foundation

/// Runs scenarios, and takes the reference before, between and after their runs.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Runs scenarios.",
        discussion: "Without a scenario, all quick ones run. It fails if a scenario fails or a demand is missed.",
        shouldDisplay: false)

    @Argument(help: "Which; `list` tells them.") var scenarios: [String] = []
    @Flag(help: "Print one JSON object instead of the table.") var json = false
    @Option(name: [.long, .customLong("rounds")], help: "How often each scenario runs; medians count.") var runs = 3
    @Option(help: "A JSON of before: print the ratios of the medians to it.") var compare: String?
    @OptionGroup var plan: Plan

    func validate() throws {
        guard runs >= 1 else { throw ValidationError("--runs is too small") }
        _ = try chosen()
    }

    func run() async throws {
        let older = try compare.map { try Report(json: try Data(contentsOf: URL(fileURLWithPath: $0))) }
        let report = try await ReferenceTaker.with { taker in try await measure(taker) }
        if json {
            print(try report.json())
        } else {
            for line in Table.lines(report) { print(line) }
        }
        if let older {
            // The JSON stays alone on standard output.
            for line in Table.comparison(report, with: older) {
                if json { say(line) } else { print(line) }
            }
        }
        let failures = report.failures
        guard failures.isEmpty else {
            for failure in failures { say(failure) }
            throw ExitCode.failure
        }
    }

    private func chosen() throws -> [any Scenario] {
        if scenarios.isEmpty { return Catalogue.all.filter(\.isQuick) }
        return try scenarios.map { name in
            guard let found = Catalogue.all.first(where: { $0.name == name }) else {
                throw ValidationError("there is no scenario \(name): `penstock-bench list` tells them")
            }
            return found
        }
    }

    private func measure(_ taker: ReferenceTaker) async throws -> Report {
        var report = Report(
            Machine(redis: try await taker.version()),
            .init(runs: runs, jobs: plan.jobs, workers: plan.workers, durability: plan.durability))
        // The first one warms up.
        _ = try await taker.take()
        report.references = [try await taker.take()]
        for scenario in try chosen() {
            say(scenario.name)
            report.scenarios.append(try await section(of: scenario, taker, &report.references))
        }
        return report
    }

    /// All runs of a scenario. One that fails does not take the others' figures with it.
    private func section(
        of scenario: any Scenario, _ taker: ReferenceTaker, _ references: inout [Reference]
    ) async throws -> Report.Section {
        let start = ContinuousClock.now
        var rows: [[Figure]] = []
        var problem: String?
        for _ in 0..<runs {
            do {
                let figures = try await scenario.measure(plan)
                let after = try await taker.take()
                let reference = references.last.map { Reference.between($0, after) } ?? after
                references.append(after)
                rows.append(figures.flatMap { $0.expressed(in: reference) })
            } catch {
                problem = "\(error)"
                break
            }
        }
        let figures = (rows.first ?? []).map { figure in
            Report.Summary(figure, rows.compactMap { row in row.first { $0.name == figure.name }?.value })
        }
        return .init(
            name: scenario.name, seconds: (ContinuousClock.now - start) / .seconds(1), figures: figures, error: problem,
            notes: try scenario.notes(plan))
    }

    /// Progress and problems, on standard error.
    private func say(_ line: String) { FileHandle.standardError.write(Data("\(line)\n".utf8)) }
}
