/// The URL of a callback, taken apart once: what is checked is what is connected to, what TLS asks for and what is
/// sent as `Host`.
///
/// Stricter than URLs may be, since parsers that read the same text differently are how checks are got round.
struct CallbackURL: Sendable, Hashable {
    static let maximumLength = 2048

    let isTLS: Bool
    /// A name in lower case, or an address in its usual notation without brackets.
    let host: String
    /// The host, where it is an address.
    let address: IPAddress?
    let port: Int
    /// Path and query, as they are sent.
    let target: String

    /// What is wrong with a URL, and the way out.
    struct Problem: Error, Hashable { let text: String }

    init(_ text: String) throws(Problem) {
        guard text.utf8.count <= Self.maximumLength else {
            throw Problem(text: "it has \(text.utf8.count) bytes; at most \(Self.maximumLength) are allowed")
        }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            throw Problem(text: "it has blanks, backslashes, or characters that are not ASCII; percent-encode them")
        }
        guard let separator = text.firstRange(of: "://") else {
            throw Problem(text: "it has no scheme; begin with https://")
        }
        switch text[..<separator.lowerBound].lowercased() {
        case "https": isTLS = true
        case "http": isTLS = false
        default: throw Problem(text: "its scheme is neither https nor http")
        }
        let rest = text[separator.upperBound...].prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else {
            throw Problem(text: "it has a user or password; take them out, callbacks are signed instead")
        }
        let (hostText, portText) = try Self.parts(of: authority)
        (host, address) = try Self.host(hostText)
        port = try portText.map(Self.port) ?? Self.usualPort(isTLS)
        let path = rest[authority.endIndex...]
        target = path.hasPrefix("/") ? String(path) : "/" + path
    }

    /// The value of the header Host.
    var hostHeader: String {
        let name = address?.width == 128 ? "[\(host)]" : host
        return port == Self.usualPort(isTLS) ? name : "\(name):\(port)"
    }

    /// Without the query, fit for messages and logs.
    var shown: String {
        "\(isTLS ? "https" : "http")://\(hostHeader)" + target.prefix { $0 != "?" }.prefix(200)
    }

    /// A text that is no URL, without what may be secret in it. A password may have any character there, so all up to
    /// the last @ goes.
    static func redacted(_ text: String) -> String {
        let open = text.lastIndex(of: "@").map { "...@" + text[text.index(after: $0)...] } ?? text
        return String(
            open.prefix { $0 != "?" && $0 != "#" }.prefix(200).map { character in
                character.asciiValue.map { (0x20...0x7E).contains($0) } ?? false ? character : "\u{FFFD}"
            })
    }

    private static func usualPort(_ isTLS: Bool) -> Int { isTLS ? 443 : 80 }

    private static func parts(of authority: Substring) throws(Problem) -> (host: Substring, port: Substring?) {
        let end: Substring.Index
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else {
                throw Problem(text: "a ] is missing after its address")
            }
            end = authority.index(after: bracket)
        } else {
            end = authority.firstIndex(of: ":") ?? authority.endIndex
        }
        let host = authority[..<end]
        let rest = authority[end...]
        guard !rest.isEmpty else { return (host, nil) }
        guard rest.hasPrefix(":") else { throw Problem(text: "something other than a port follows its address") }
        return (host, rest.dropFirst())
    }

    private static func host(_ text: Substring) throws(Problem) -> (String, IPAddress?) {
        if text.hasPrefix("[") {
            let inner = text.dropFirst().dropLast()
            guard let address = IPAddress(String(inner)), address.width == 128 else {
                throw Problem(text: "what is in [ ] is no IPv6 address; write it like [2001:db8::7], without a zone")
            }
            return (address.description, address)
        }
        guard !text.isEmpty else { throw Problem(text: "it has no host") }
        if let address = IPAddress(String(text)) { return (address.description, address) }
        let name = text.lowercased()
        let labels = (name.hasSuffix(".") ? name.dropLast() : name[...]).split(
            separator: ".", omittingEmptySubsequences: false)
        let isName =
            name.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.utf8.allSatisfy(isNameByte)
            }
        guard isName else {
            throw Problem(text: "its host is no name; write it in ASCII letters, digits, dots and dashes")
        }
        // Resolvers read such hosts as an IPv4 address in decimal, octal, hexadecimal or with parts left out.
        guard let last = labels.last, !isNumber(last) else {
            throw Problem(text: "its host looks like an address and is none; write it like 192.0.2.7")
        }
        return (name, nil)
    }

    private static func port(_ text: Substring) throws(Problem) -> Int {
        guard let port = Int(text), (1...65_535).contains(port), text.utf8.allSatisfy(isDigit) else {
            throw Problem(text: "its port is not a number from 1 to 65535")
        }
        return port
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }

    private static func isNumber(_ label: Substring) -> Bool {
        if label.hasPrefix("0x") { return label.dropFirst(2).allSatisfy(\.isHexDigit) }
        return label.utf8.allSatisfy(isDigit)
    }
}
