/// The text that `redis-server -` reads from its standard input: so no file lies around, and no password is to be seen
/// in the list of processes.
struct RedisConfiguration {
    var options: EmbeddedRedis.Options
    var place: WorkingDirectory

    var text: String {
        var lines: [(String, String)] = [
            ("port", String(options.port ?? 0)),
            ("bind", "127.0.0.1"),
            ("unixsocket", Self.quote(place.socketPath)),
            ("unixsocketperm", "700"),
            ("dir", Self.quote(place.path)),
            ("daemonize", "no"),
            ("save", "\"\""),
            ("appendonly", place.isTemporary ? "no" : "yes"),
            ("appendfsync", options.appendFsync.rawValue),
            ("maxmemory-policy", "noeviction"),
        ]
        if let maxMemory = options.maxMemory { lines.append(("maxmemory", String(maxMemory))) }
        if let password = options.password { lines.append(("requirepass", Self.quote(password))) }
        return lines.map { "\($0) \($1)\n" }.joined()
    }

    /// Redis's own quoting, which carries any byte.
    static func quote(_ text: String) -> String {
        var quoted = "\""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                quoted += "\\" + String(UnicodeScalar(byte))
            case 0x20...0x7e:
                quoted.unicodeScalars.append(UnicodeScalar(byte))
            default:
                let hex = String(byte, radix: 16)
                quoted += "\\x" + (hex.count == 1 ? "0" : "") + hex
            }
        }
        return quoted + "\""
    }
}
