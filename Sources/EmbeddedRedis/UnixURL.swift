/// The URL of a Redis behind a unix socket: `unix:///path` or `unix:///path?password=...`, percent-encoded.
package func unixURL(path: String, password: String?) -> String {
    "unix://" + percentEncoded(path, keeping: "/") + (password.map { "?password=" + percentEncoded($0) } ?? "")
}

/// Any text as a part of a URL.
package func percentEncoded(_ text: String, keeping kept: String = "") -> String {
    let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8).union(kept.utf8)
    return text.utf8.reduce(into: "") { encoded, byte in
        if plain.contains(byte) {
            encoded.unicodeScalars.append(UnicodeScalar(byte))
        } else {
            let hex = String(byte, radix: 16, uppercase: true)
            encoded += "%" + (hex.count == 1 ? "0" : "") + hex
        }
    }
}
