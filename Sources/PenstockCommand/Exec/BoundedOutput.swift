import Subprocess

/// What a program wrote to one of its outputs, up to a limit: the beginning of it, or the end. The rest is read and
/// thrown away, so that the program never waits for a reader.
struct BoundedOutput: Sendable {
    enum Part: Sendable {
        case beginning
        case end
    }

    private let part: Part
    private let limit: Int
    private var kept: [UInt8] = []
    /// How many bytes there were in all.
    private(set) var total = 0

    init(keeping part: Part, limit: Int) {
        self.part = part
        self.limit = limit
    }

    var bytes: [UInt8] { part == .end ? kept.suffix(limit) : kept }
    var isTruncated: Bool { total > limit }

    mutating func append(_ chunk: UnsafeRawBufferPointer) {
        total += chunk.count
        switch part {
        case .beginning: kept.append(contentsOf: chunk.prefix(limit - kept.count))
        case .end:
            kept.append(contentsOf: chunk)
            // Trimmed in blocks, so that a long output costs linear time.
            if kept.count > 2 * limit { kept.removeFirst(kept.count - limit) }
        }
    }

    static func read(
        _ sequence: SubprocessOutputSequence, keeping part: Part, limit: Int
    ) async throws -> BoundedOutput {
        var output = BoundedOutput(keeping: part, limit: limit)
        for try await buffer in sequence { buffer.withUnsafeBytes { output.append($0) } }
        return output
    }
}
