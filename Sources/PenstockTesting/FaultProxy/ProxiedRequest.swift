import NIOCore

/// A request on its way through the proxy.
struct ProxiedRequest {
    let arguments: [ByteBufferView]

    init?(frame: ByteBuffer) {
        guard let arguments = RESPFrame.arguments(of: frame), !arguments.isEmpty else { return nil }
        self.arguments = arguments
    }

    var command: String { arguments[0].text.uppercased() }

    /// The digest of the script that it calls.
    var script: String? {
        guard arguments.count > 1, ["EVALSHA", "EVALSHA_RO"].contains(command) else { return nil }
        return arguments[1].text.lowercased()
    }

    /// Under what it is counted: `GET`, or `EVALSHA <digest>`.
    var label: String { script.map { "\(command) \($0)" } ?? command }

    /// After one of these, replies no longer come one per request.
    var endsRequestReply: Bool {
        ["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR", "SYNC", "PSYNC"].contains(command)
    }
}

extension ByteBufferView {
    var text: String { String(decoding: self, as: UTF8.self) }

    func contains(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        guard let first = wanted.first else { return true }
        guard count >= wanted.count else { return false }
        return withUnsafeBytes { bytes in
            for start in 0...(bytes.count - wanted.count) where bytes[start] == first {
                if bytes[start..<(start + wanted.count)].elementsEqual(wanted) { return true }
            }
            return false
        }
    }
}
