/// Which requests are meant.
public enum RequestMatcher: Sendable, Hashable, CustomStringConvertible {
    case any
    /// By name of the command, in any case: `.command("EVALSHA")`.
    case command(String)
    /// EVALSHA or EVALSHA_RO of the script with this digest.
    case script(String)
    /// With these bytes anywhere in one of its arguments.
    case containing(String)

    func matches(_ request: ProxiedRequest) -> Bool {
        switch self {
        case .any: true
        case .command(let name): request.command == name.uppercased()
        case .script(let digest): request.script == digest.lowercased()
        case .containing(let text): request.arguments.contains { $0.contains(text) }
        }
    }

    public var description: String {
        switch self {
        case .any: "any request"
        case .command(let name): name.uppercased()
        case .script(let digest): "script \(digest)"
        case .containing(let text): "a request with \"\(text)\""
        }
    }
}
