/// Which requests are meant.
public enum RequestMatcher: Sendable, Hashable, CustomStringConvertible {
    case any
    /// By name of the command, in any case: `.command("EVALSHA")`.
    case command(String)
    /// EVALSHA or EVALSHA_RO of the script with this digest.
    case script(String)
    /// With these bytes anywhere in one of its arguments.
    case containing(String)
    /// With these arguments side by side.
    case sequence([String])

    func matches(_ request: ProxiedRequest) -> Bool {
        switch self {
        case .any: true
        case .command(let name): request.command == name.uppercased()
        case .script(let digest): request.script == digest.lowercased()
        case .containing(let text): request.arguments.contains { $0.contains(text) }
        case .sequence(let words):
            request.arguments.indices.dropLast(max(0, words.count - 1)).contains { start in
                words.indices.allSatisfy { request.arguments[start + $0].elementsEqual(words[$0].utf8) }
            }
        }
    }

    public var description: String {
        switch self {
        case .any: "any request"
        case .command(let name): name.uppercased()
        case .script(let digest): "script \(digest)"
        case .containing(let text): "a request with \"\(text)\""
        case .sequence(let words): "a request with \(words)"
        }
    }
}
