import Foundation

/// All that a call of the command has measured; as JSON it is what `--compare` reads.
struct Report: Sendable, Codable {
    var began: String
    var machine: Machine
    var options: Options
    /// The references of the whole call, in the order of their taking.
    var references: [Reference]
    var scenarios: [Section] = []

    struct Options: Sendable, Codable {
        var runs: Int
        var jobs: Int?
        var workers: Int
        var durability: Durability
    }

    /// A scenario.
    struct Section: Sendable, Codable {
        var name: String
        var seconds: Double
        var figures: [Summary]
        /// Why it has no figures, or not all.
        var error: String?
        /// Absent in a JSON that is older than they are.
        var notes: [String]?
    }

    /// One figure over all runs.
    struct Summary: Sendable, Codable {
        var name: String
        var unit: String
        var better: Figure.Better
        /// In the order of the runs.
        var values: [Double]
        var median: Double
        /// From the lowest to the highest value, as a share of the median.
        var spread: Double
        var target: Target?
        var isMet: Bool?

        init(_ figure: Figure, _ values: [Double]) {
            (name, unit, better, target) = (figure.name, figure.unit, figure.better, figure.target)
            self.values = values
            median = values.median
            spread = median == 0 ? 0 : ((values.max() ?? 0) - (values.min() ?? 0)) / abs(median)
            isMet = target?.isMet(by: values)
        }
    }

    /// Demands that were missed, and scenarios that failed.
    var failures: [String] {
        scenarios.flatMap { section in
            (section.error.map { ["\(section.name): \($0)"] } ?? [])
                + section.figures.filter { $0.isMet == false && $0.target?.isDemand == true }.map {
                    "\(section.name): \($0.name) is \(Table.number($0.median, $0.unit)), demanded is \(Table.target($0))"
                }
        }
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // A ratio to nothing must not take all the others with it.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    init(json data: Data) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        self = try decoder.decode(Report.self, from: data)
    }

    init(_ machine: Machine, _ options: Options) {
        began = Date().formatted(.iso8601)
        self.machine = machine
        self.options = options
        references = []
    }
}
