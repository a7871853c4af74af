/// A parsed URL of a Redis server. Parts are percent-decoded; errors never quote a password.
public struct RedisURL: Sendable {
    /// What the URL says, everything it does not say at its default.
    public let configuration: RedisConfiguration

    static let acceptedForms =
        "Accepted are redis://[user[:password]@]host[:port][/database] and unix:///path[?db=number&password=secret]."
    static let defaultPort = 6379
    /// The kernel's limit for the path of a unix socket, in bytes.
    static let maximumSocketPathByteCount = 107

    /// - Throws: `RedisError.invalidConfiguration`, naming the offending part and the accepted forms.
    public init(_ url: String) throws(RedisError) {
        guard let mark = url.firstRange(of: "://") else {
            throw Self.problem("it has no scheme")
        }
        let rest = url[mark.upperBound...]
        switch url[..<mark.lowerBound].lowercased() {
        case "redis": configuration = try Self.parseNetwork(rest)
        case "unix": configuration = try Self.parseSocket(rest)
        case "rediss":
            throw Self.problem("rediss:// means TLS, which is not supported yet (it comes later); use redis://")
        case let scheme: throw Self.problem("the scheme \"\(scheme)\" is unknown")
        }
    }

    private static func parseNetwork(_ rest: Substring) throws(RedisError) -> RedisConfiguration {
        if rest.contains("?") { throw problem("redis:// takes no options after \"?\"; a \"?\" in a password is %3F") }
        if rest.contains("#") { throw problem("redis:// takes no \"#\"; a \"#\" in a password is %23") }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<slash]
        var user: Substring?
        if let at = authority.lastIndex(of: "@") {
            user = authority[..<at]
            authority = authority[authority.index(after: at)...]
        } else if rest[slash...].contains("@") {
            throw problem("a \"/\" stands before the \"@\"; in a user or password write it as %2F")
        }
        let (host, port) = try parseHost(authority)
        var configuration = RedisConfiguration(address: .tcp(host: host, port: port))
        if let user { try parseUser(user, into: &configuration) }
        if slash < rest.endIndex {
            let path = rest[rest.index(after: slash)...]
            if !path.isEmpty { configuration.database = try parseDatabase(path) }
        }
        return configuration
    }

    private static func parseUser(
        _ text: Substring, into configuration: inout RedisConfiguration
    ) throws(RedisError) {
        guard let colon = text.firstIndex(of: ":") else {
            throw problem(
                "there is a user but no password; write user:password@, or :password@ when there is no user")
        }
        let user = try decode(text[..<colon], part: "user")
        let password = try decode(text[text.index(after: colon)...], part: "password")
        guard !password.isEmpty else { throw problem("the password before \"@\" is empty") }
        configuration.username = user.isEmpty ? nil : user
        configuration.password = password
    }

    private static func parseHost(_ text: Substring) throws(RedisError) -> (host: String, port: Int) {
        var host = text
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw problem("the host \"\(text)\" has \"[\" without \"]\"")
            }
            host = text[text.index(after: text.startIndex)..<end]
            let after = text[text.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else {
                throw problem("after the host \"[\(host)]\" comes \"\(after)\" instead of \":port\"")
            }
            port = after.isEmpty ? nil : after.dropFirst()
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || ":.%".contains($0) }) else {
                throw problem("the host \"[\(host)]\" is not an IPv6 address")
            }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
            if port?.contains(":") == true {
                throw problem(
                    "the host \"\(text)\" has several colons; an IPv6 address goes in brackets, as in [::1]:6379")
            }
        }
        let name = try decode(host, part: "host")
        guard !name.isEmpty else { throw problem("the host is missing") }
        guard name.utf8.allSatisfy({ $0 > 32 && $0 != 127 }) else {
            throw problem("the host \"\(host)\" has spaces or control characters")
        }
        guard let port else { return (name, defaultPort) }
        guard port.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(port), (1...65535).contains(number)
        else {
            throw problem("the port \"\(port)\" is not a number from 1 to 65535")
        }
        return (name, number)
    }

    private static func parseSocket(_ rest: Substring) throws(RedisError) -> RedisConfiguration {
        guard rest.hasPrefix("/") else {
            throw problem("the socket path must be absolute, so there are three slashes: unix:///run/redis.sock")
        }
        let mark = rest.firstIndex(of: "?") ?? rest.endIndex
        let path = try decode(rest[..<mark], part: "path")
        guard path.utf8.count > 1 else { throw problem("the path of the socket is missing") }
        guard path.utf8.count <= maximumSocketPathByteCount, !path.utf8.contains(0) else {
            throw problem(
                "the path of the socket has \(path.utf8.count) bytes; the system allows \(maximumSocketPathByteCount), without NUL"
            )
        }
        var configuration = RedisConfiguration(address: .unixSocket(path: path))
        guard mark < rest.endIndex else { return configuration }
        for option in rest[rest.index(after: mark)...].split(separator: "&") {
            let equals = option.firstIndex(of: "=") ?? option.endIndex
            let value = option[equals...].dropFirst()
            switch option[..<equals] {
            case "db": configuration.database = try parseDatabase(value)
            case "password": configuration.password = try decode(value, part: "password")
            case "user": configuration.username = try decode(value, part: "user")
            case let name: throw problem("the option \"\(name)\" is unknown; db, user and password are known")
            }
        }
        if configuration.password?.isEmpty == true { throw problem("the option \"password\" is empty") }
        if configuration.username?.isEmpty == true { throw problem("the option \"user\" is empty") }
        if configuration.username != nil, configuration.password == nil {
            throw problem("there is the option \"user\" but no \"password\"")
        }
        return configuration
    }

    private static func parseDatabase(_ text: Substring) throws(RedisError) -> Int {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text) else {
            throw problem("the database \"\(text)\" is not a number of 0 or more")
        }
        return number
    }

    private static func decode(_ text: Substring, part: String) throws(RedisError) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                throw problem("the \(part) has \"%\" without two hexadecimal digits; a percent sign itself is %25")
            }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw problem("the \(part) is not valid UTF-8 once percent-decoded")
        }
        return decoded
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func problem(_ what: String) -> RedisError {
        .invalidConfiguration("The Redis URL cannot be used: \(what). \(acceptedForms)")
    }
}
