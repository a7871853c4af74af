/// One step over many items: the step makes the list, each item or batch of items is a task of its own, and their results
/// come together in item order.
public struct FanOut: Sendable, Hashable, Codable {
    /// What a failed item does to the others.
    public enum FailedItems: String, Sendable, Hashable, Codable {
        /// No further item starts; those in flight end; the step has failed.
        case stop
        /// All items are tried; the step has failed if one of them has.
        case goOn
        /// All items are tried, and the step goes on to collect what there is.
        case collect
    }

    /// So many items (or batches) at once, 1 to 1,000. A worker's commit of one schedules the next, so this is also what
    /// Redis holds of a fan-out of any size.
    public var concurrency: Int
    /// Items a task gets at once; the last batch may have fewer.
    public var batchSize: Int
    public var failedItems: FailedItems

    public static let maximumConcurrency = 1000

    public init(concurrency: Int = FanOut.maximumConcurrency, batchSize: Int = 1, failedItems: FailedItems = .stop) {
        self.concurrency = concurrency
        self.batchSize = batchSize
        self.failedItems = failedItems
    }

    /// The tasks that so many items make.
    package func batches(of items: Int) -> Int {
        guard items > 0, batchSize > 0 else { return 0 }
        return (items - 1) / batchSize + 1
    }
}
