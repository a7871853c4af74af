/// The rules for names that come from outside. One place says what is allowed, and how to put it right.
public enum Name: String, Sendable {
    case namespace, kind, queue, tenant, key, schedule, role, connector

    /// The longest name, in bytes.
    public static let maximumLength = 512

    /// Checks a name.
    ///
    /// Namespaces, kinds, queues, schedules, roles and connectors: 1 to 200 bytes of letters, digits and `. _ - : / @`, since
    /// they are parts of key names. Tenants and idempotency keys: up to 512 bytes of anything but control characters; a
    /// tenant may be empty.
    public func check(_ text: String) throws(InvalidName) {
        switch self {
        case .namespace, .kind, .queue, .schedule, .role, .connector:
            guard !text.isEmpty else { throw InvalidName(name: self, text: text, problem: "is empty") }
            guard text.utf8.count <= 200 else {
                throw InvalidName(
                    name: self, text: text, problem: "has \(text.utf8.count) bytes; at most 200 are allowed")
            }
            guard text.utf8.allSatisfy(Self.isPlain) else {
                throw InvalidName(
                    name: self, text: text, problem: "may have only letters, digits and the characters . _ - : / @")
            }
        case .tenant, .key:
            guard self == .tenant || !text.isEmpty else {
                throw InvalidName(name: self, text: text, problem: "is empty")
            }
            guard text.utf8.count <= Self.maximumLength else {
                throw InvalidName(
                    name: self, text: text,
                    problem: "has \(text.utf8.count) bytes; at most \(Self.maximumLength) are allowed")
            }
            guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw InvalidName(name: self, text: text, problem: "has a control character; remove it")
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "/"),
            UInt8(ascii: "@"):
            true
        default: false
        }
    }
}

/// A name that is not allowed: which one, and why.
public struct InvalidName: Error, Sendable, Equatable, CustomStringConvertible {
    public let name: Name
    public let text: String
    public let problem: String

    public var description: String {
        "\(name.rawValue) \"\(Self.printable(text))\" \(problem)"
    }

    /// The beginning of a text that nobody has checked, fit for a message.
    package static func printable(_ text: String) -> String {
        text.unicodeScalars.prefix(60).map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : String($0) }.joined()
    }
}
