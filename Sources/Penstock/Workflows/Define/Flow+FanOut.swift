import PenstockModel
import PenstockRuntime
import PenstockStore

// Steps over many items.
extension Flow {
    /// What a failed item means for the others, and for the step.
    public enum ItemFailureRule: Sendable {
        /// No further item starts; those in flight end; the step fails.
        case stop
        /// All items are tried; then the step fails if one of them has.
        case goOn
    }

    /// A step over many items: the first closure makes the list, the second one is called for each item, and the step's
    /// output are the results in the order of the items.
    ///
    /// A run that is retried executes only items that failed or were never begun. List and results are kept with the run:
    /// at most 16 MiB each by default (`Penstock.Configuration.largestPayload`).
    ///
    /// - Parameters:
    ///   - concurrency: items (batches) at once, 1 to 1,000.
    ///   - batchSize: items that are one task: executed one after the other, and repeated together.
    @discardableResult
    public func forEach<Item: Codable & Sendable, Output>(
        _ name: String, after: any StepDependency..., join: JoinRule = .all, when: Condition? = nil,
        concurrency: Int = FanOut.maximumConcurrency, batchSize: Int = 1, failedItems: ItemFailureRule = .stop,
        retry: RetryPolicy = .standard, timeout: Duration? = nil, limits: [String] = [],
        _ items: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> [Item],
        run: @escaping @Sendable (_ item: Item, _ context: StepContext) async throws -> Output
    ) -> Step<[Output]> {
        let fanOut = FanOut(
            concurrency: concurrency, batchSize: batchSize, failedItems: failedItems == .stop ? .stop : .goOn)
        let shape = StepShape(
            name, after: edges(after), join: join, isConditional: when != nil, fanOut: fanOut, retry: retry,
            timeout: timeout, limits: limits)
        return add(shape, when) { coding, code in
            code.fanOut(coding, items, run)
            code.gather = { _, results in
                var outputs: [Output] = []
                for result in results { outputs += try coding.outputs(try result.get(), isBatch: batchSize > 1) }
                return try coding.encode(outputs)
            }
        }
    }

    /// A step over many items that have no results.
    @discardableResult
    public func forEach<Item: Codable & Sendable>(
        _ name: String, after: any StepDependency..., join: JoinRule = .all, when: Condition? = nil,
        concurrency: Int = FanOut.maximumConcurrency, batchSize: Int = 1, failedItems: ItemFailureRule = .stop,
        retry: RetryPolicy = .standard, timeout: Duration? = nil, limits: [String] = [],
        _ items: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> [Item],
        run: @escaping @Sendable (_ item: Item, _ context: StepContext) async throws -> Void
    ) -> Step<NoOutput> {
        let fanOut = FanOut(
            concurrency: concurrency, batchSize: batchSize, failedItems: failedItems == .stop ? .stop : .goOn)
        let shape = StepShape(
            name, after: edges(after), join: join, isConditional: when != nil, fanOut: fanOut, retry: retry,
            timeout: timeout, limits: limits)
        return add(shape, when) { coding, code in
            code.fanOut(coding, items) { item, context in
                try await run(item, context)
                return NoOutput()
            }
        }
    }

    /// A step over many items that succeeds also where items fail: its output says of each what became of it.
    @discardableResult
    public func forEachCollecting<Item: Codable & Sendable, Output>(
        _ name: String, after: any StepDependency..., join: JoinRule = .all, when: Condition? = nil,
        concurrency: Int = FanOut.maximumConcurrency, retry: RetryPolicy = .standard, timeout: Duration? = nil,
        limits: [String] = [],
        _ items: @escaping @Sendable (_ input: Input, _ context: StepContext) async throws -> [Item],
        run: @escaping @Sendable (_ item: Item, _ context: StepContext) async throws -> Output
    ) -> Step<[ItemResult<Output>]> {
        let shape = StepShape(
            name, after: edges(after), join: join, isConditional: when != nil,
            fanOut: FanOut(concurrency: concurrency, failedItems: .collect), retry: retry, timeout: timeout,
            limits: limits)
        return add(shape, when) { coding, code in
            code.fanOut(coding, items, run)
            code.gather = { _, results in
                var outputs: [ItemResult<Output>] = []
                for result in results {
                    switch result {
                    case .success(let bytes): outputs.append(.succeeded(try coding.decode("an item's result", bytes)))
                    case .failure(let failure): outputs.append(.failed(failure.message))
                    }
                }
                return try coding.encode(outputs)
            }
        }
    }
}

/// What became of an item of a fan-out that collects.
public enum ItemResult<Output: Codable & Sendable>: Codable, Sendable {
    case succeeded(Output)
    case failed(String)
}

extension ItemResult: Equatable where Output: Equatable {}

extension Coding {
    /// The results of a task of a fan-out: one, or of a batch several.
    func outputs<Output: Codable>(_ bytes: [UInt8], isBatch: Bool) throws -> [Output] {
        isBatch ? try decode("a batch's result", bytes) : [try decode("an item's result", bytes)]
    }
}

extension StepCode {
    fileprivate mutating func fanOut<Input: Codable & Sendable, Item: Codable & Sendable, Output: Codable & Sendable>(
        _ coding: Coding, _ items: @escaping @Sendable (Input, StepContext) async throws -> [Item],
        _ run: @escaping @Sendable (Item, StepContext) async throws -> Output
    ) {
        self.run = { call in
            let context = StepContext(call, coding)
            return .items(try await items(try await context.input(), context).map { try coding.codec.encode($0) })
        }
        self.items = { call, batch in
            let context = StepContext(call, coding)
            var outputs: [Output] = []
            for item in batch {
                try Task.checkCancellation()
                outputs.append(try await run(try coding.decode("an item", item), context))
            }
            if Output.self == NoOutput.self { return [] }
            if case .graph? = Optional(call.planner.shape.body),
                call.planner.step(context.step)?.fanOut?.batchSize == 1,
                let output = outputs.first
            {
                return try coding.encode(output)
            }
            return try coding.encode(outputs)
        }
    }
}
