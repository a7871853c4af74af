/// What a limit is on: `scope:name`. `queue:NAME`, `kind:NAME` and `tenant:NAME` hold for every job of a queue, kind or
/// tenant; any other scope is for keys that jobs name when they are enqueued (`account:42`). `scope:*` is the limit of
/// every name of a scope that has none of its own, each name then with its own tokens and slots.
public struct LimitName: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String

    public static func queue(_ name: String) throws(InvalidLimit) -> LimitName { try LimitName("queue:\(name)") }
    public static func kind(_ name: String) throws(InvalidLimit) -> LimitName { try LimitName("kind:\(name)") }
    public static func tenant(_ name: String) throws(InvalidLimit) -> LimitName { try LimitName("tenant:\(name)") }

    /// - Throws: what is wrong with the text: the scope is 1 to 100 letters, digits, `_` and `-`; the name is not empty;
    ///   both have at most 512 bytes and no control characters.
    public init(_ text: String) throws(InvalidLimit) {
        func fail(_ problem: String) -> InvalidLimit {
            let shown = text.unicodeScalars.prefix(60).map { $0.value < 0x20 ? "\u{FFFD}" : String($0) }.joined()
            return InvalidLimit(problem: "limit \"\(shown)\" \(problem)")
        }
        guard text.utf8.count <= 512 else { throw fail("has \(text.utf8.count) bytes; at most 512 are allowed") }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw fail("has a control character; remove it")
        }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon > text.startIndex,
            text.utf8.index(after: colon) < text.endIndex
        else { throw fail("must be SCOPE:NAME, like queue:mail, tenant:* or account:42") }
        let scope = text[..<colon]
        let isPlain = scope.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, scope.utf8.count <= 100 else {
            throw fail("has a scope other than 1 to 100 letters, digits, _ and -")
        }
        rawValue = text
    }

    public var description: String { rawValue }

    /// What is before the colon.
    public var scope: Substring { rawValue.prefix { $0 != ":" } }

    /// Whether it stands for all names of its scope.
    public var isWildcard: Bool { rawValue.utf8.count == scope.utf8.count + 2 && rawValue.hasSuffix(":*") }

    /// Checks a key that a job brings: not one of the scopes that hold by themselves, and no wildcard.
    public func checkAsKey() throws(InvalidLimit) {
        if ["queue", "kind", "tenant"].contains(scope) {
            throw InvalidLimit(
                problem:
                    "limit key \"\(rawValue)\": limits on \(scope)s hold for every job by themselves; use another scope"
            )
        }
        if isWildcard {
            throw InvalidLimit(problem: "limit key \"\(rawValue)\" must be one name, not *")
        }
    }
}

/// A limit that cannot be: which one, and why.
public struct InvalidLimit: Error, Sendable, Equatable, CustomStringConvertible {
    public let problem: String
    public var description: String { problem }

    init(problem: String) { self.problem = problem }
}
