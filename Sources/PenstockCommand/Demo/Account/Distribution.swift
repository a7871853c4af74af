/// Measured values in order, for their percentiles (nearest rank).
struct Distribution: Sendable {
    private let sorted: [Double]

    init(_ values: [Double]) { sorted = values.sorted() }

    var isEmpty: Bool { sorted.isEmpty }
    var maximum: Double { sorted.last ?? 0 }

    /// - Parameter share: 0.5 for the median, 0.99 for p99.
    func percentile(_ share: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let rank = Int((share * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }
}
