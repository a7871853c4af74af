/// The rules for headers: the small metadata that travels with a job from its enqueue to its handler.
public enum Headers {
    /// How many headers a job may have.
    public static let maximumCount = 32
    /// The longest name, in bytes.
    public static let maximumNameLength = 100
    /// All names and values of a job together, in bytes.
    public static let maximumBytes = 4096

    /// Checks all headers of a job: at most 32, names of 1 to 100 letters, digits and ``! # $ % & ' * + - . ^ _ ` | ~``
    /// (those of HTTP), values of any text, 4 KiB in all. Names differ if their letters do in case.
    public static func check(_ headers: [String: String]) throws(InvalidHeaders) {
        guard headers.count <= maximumCount else {
            throw InvalidHeaders("\(headers.count) headers are too many; at most \(maximumCount) are allowed")
        }
        var bytes = 0
        var largest: (name: String, bytes: Int)?
        // In order, so that the same headers get the same error.
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            try check(name: name)
            let size = name.utf8.count + value.utf8.count
            bytes += size
            if size > largest?.bytes ?? 0 { largest = (name, size) }
        }
        guard bytes <= maximumBytes else {
            throw InvalidHeaders(
                "headers have \(bytes) bytes, of which \"\(largest?.name ?? "")\" has \(largest?.bytes ?? 0); at most \(maximumBytes) are allowed: put large data into the payload"
            )
        }
    }

    private static func check(name: String) throws(InvalidHeaders) {
        let shown = InvalidName.printable(name)
        guard !name.isEmpty else { throw InvalidHeaders("a header has no name") }
        guard name.utf8.count <= maximumNameLength else {
            throw InvalidHeaders(
                "the name of header \"\(shown)\" has \(name.utf8.count) bytes; at most \(maximumNameLength) are allowed"
            )
        }
        guard name.utf8.allSatisfy(isToken) else {
            throw InvalidHeaders(
                "the name of header \"\(shown)\" may have only letters, digits and the characters ! # $ % & ' * + - . ^ _ ` | ~"
            )
        }
    }

    /// A `tchar` of RFC 9110.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

/// Headers that are not allowed: which, and why.
public struct InvalidHeaders: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
