import NIOCore

/// The lines that a program writes to one of its outputs: kept, bounded, and awaitable.
public final class ProcessOutput: Sendable {
    /// How much is kept: the oldest lines go first, and a longer line is cut into several.
    public struct Bounds: Sendable {
        public var lines: Int
        public var bytesPerLine: Int

        public init(lines: Int = 20_000, bytesPerLine: Int = 64 * 1_024) {
            self.lines = lines
            self.bytesPerLine = bytesPerLine
        }
    }

    struct Content: Sendable {
        var lines: [String] = []
        /// How many lines were dropped at the front.
        var dropped = 0
        var isAtEnd = false

        func line(at index: Int) -> String? {
            let position = max(index - dropped, 0)
            return position < lines.count ? lines[position] : nil
        }
    }

    private let name: String
    private let bounds: Bounds
    private let content = Watched(Content())

    init(name: String, bounds: Bounds) {
        self.name = name
        self.bounds = bounds
    }

    /// The lines so far, without those that the bounds cost.
    public var lines: [String] { content.value.lines }
    public var droppedLines: Int { content.value.dropped }

    /// The first line, past or future, that matches.
    @discardableResult
    public func line(
        _ what: String = "a line", within limit: Duration = .seconds(10),
        where matches: @escaping @Sendable (String) -> Bool = { _ in true }
    ) async throws -> String {
        let found = try await content.wait(for: "\(what) on \(name)", within: limit) { content -> String?? in
            if let line = content.lines.first(where: matches) { return .some(line) }
            return content.isAtEnd ? .some(nil) : nil
        }
        guard let found else { throw OutputEnded(what: what, output: name, lastLines: lines.suffix(20)) }
        return found
    }

    /// Waits until the program, and whoever it gave the output to, has closed it.
    public func end(within limit: Duration = .seconds(10)) async throws {
        try await content.wait(for: "the end of \(name)", within: limit) { $0.isAtEnd ? () : nil }
    }

    func append(_ lines: [String]) {
        content.change { content in
            content.lines += lines
            // Trimmed in blocks, so that a long output costs linear time.
            guard content.lines.count > bounds.lines + bounds.lines / 8 else { return }
            let excess = content.lines.count - bounds.lines
            content.lines.removeFirst(excess)
            content.dropped += excess
        }
    }

    func finish() {
        content.change { $0.isAtEnd = true }
    }

    var bytesPerLine: Int { bounds.bytesPerLine }

    fileprivate func next(after index: Int) async throws -> (line: String, next: Int)? {
        try await content.wait(for: "a line on \(name)", within: .seconds(3_600)) { content -> (String, Int)?? in
            if let line = content.line(at: index) { return .some((line, max(index, content.dropped) + 1)) }
            return content.isAtEnd ? .some(nil) : nil
        }
    }
}

/// A program closed its output before it wrote what was waited for.
public struct OutputEnded: Error, Sendable, CustomStringConvertible {
    public let what: String
    public let output: String
    public let lastLines: [String]

    public var description: String {
        "\(output) ended without \(what). Its last lines:\n" + lastLines.map { "  " + $0 }.joined(separator: "\n")
    }
}

extension ProcessOutput {
    /// The lines as they come, until the output ends. Each iteration starts at the oldest line that is kept.
    public struct Stream: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let output: ProcessOutput
        var index = 0

        public func makeAsyncIterator() -> Self { self }

        public mutating func next() async throws -> String? {
            guard let (line, next) = try await output.next(after: index) else { return nil }
            index = next
            return line
        }
    }

    public var stream: Stream { Stream(output: self) }
}

/// Cuts what arrives on a pipe into lines.
final class LineReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let output: ProcessOutput
    private var rest = ByteBuffer()

    init(_ output: ProcessOutput) {
        self.output = output
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var chunk = unwrapInboundIn(data)
        rest.writeBuffer(&chunk)
        var lines: [String] = []
        while let line = nextLine() { lines.append(line) }
        rest.discardReadBytes()
        if !lines.isEmpty { output.append(lines) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if rest.readableBytes > 0 { output.append([String(buffer: rest)]) }
        output.finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func nextLine() -> String? {
        let view = rest.readableBytesView.prefix(output.bytesPerLine)
        if let end = view.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest.readString(length: end - view.startIndex)
            rest.moveReaderIndex(forwardBy: 1)
            return line
        }
        return view.count == output.bytesPerLine ? rest.readString(length: view.count) : nil
    }
}
