import NIOCore

/// Finds where a frame of Redis's protocol (RESP2 or RESP3) ends; understands no more than that.
enum RESPFrame {
    /// These bytes are not of the protocol.
    struct Malformed: Error {}

    /// Takes the first complete frame out of `buffer`, or returns nil while it is incomplete.
    static func next(from buffer: inout ByteBuffer) throws(Malformed) -> ByteBuffer? {
        guard let length = try length(of: buffer.readableBytesView) else { return nil }
        return buffer.readSlice(length: length)
    }

    private static func length(of view: ByteBufferView) throws(Malformed) -> Int? {
        var position = view.startIndex
        var missing = 1
        while missing > 0 {
            guard position < view.endIndex else { return nil }
            let kind = view[position]
            guard let lineEnd = view[position...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            let header = (position + 1)..<max(position + 1, lineEnd - 1)
            position = lineEnd + 1
            missing -= 1
            switch kind {
            case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="):
                let count = try number(view[header])
                guard count >= 0 else { continue }
                position += count + 2
                guard position <= view.endIndex else { return nil }
            case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"):
                missing += max(0, try number(view[header]))
            case UInt8(ascii: "%"):
                missing += 2 * max(0, try number(view[header]))
            case UInt8(ascii: "|"):
                // Attributes precede the frame that they belong to.
                missing += 2 * max(0, try number(view[header])) + 1
            default:
                // A simple reply; or, in a request, an inline command. Both end with the line.
                continue
            }
        }
        return position - view.startIndex
    }

    /// The arguments of a request: an array of bulk strings, or an inline command.
    static func arguments(of frame: ByteBuffer) -> [ByteBufferView]? {
        let view = frame.readableBytesView
        guard view.first == UInt8(ascii: "*") else {
            return view.split { $0 == UInt8(ascii: " ") || $0 == 0x0d || $0 == 0x0a }
        }
        var rest = frame
        guard let header = rest.readLine(), let count = Int(header.dropFirst()), count >= 0 else { return nil }
        var arguments: [ByteBufferView] = []
        for _ in 0..<count {
            guard let bulk = rest.readLine(), bulk.hasPrefix("$"), let length = Int(bulk.dropFirst()), length >= 0,
                let bytes = rest.readSlice(length: length), rest.readSlice(length: 2) != nil
            else { return nil }
            arguments.append(bytes.readableBytesView)
        }
        return arguments
    }

    private static func number(_ digits: ByteBufferView) throws(Malformed) -> Int {
        guard let number = Int(String(decoding: digits, as: UTF8.self)), number <= 1 << 40 else { throw Malformed() }
        return number
    }
}

extension ByteBuffer {
    /// A line without its CR LF.
    fileprivate mutating func readLine() -> String? {
        guard let end = readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let line = readString(length: end - readerIndex)
        moveReaderIndex(forwardBy: 1)
        return line.map { $0.hasSuffix("\r") ? String($0.dropLast()) : $0 }
    }
}
