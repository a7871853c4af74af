/// The arguments of a command, already in the form in which they travel (RESP bulk strings), with their number.
///
/// Binary safe: an argument is any sequence of bytes, the empty one included. Encoding happens as arguments are
/// appended, on the caller's thread, so that sending is one copy of bytes.
public struct RedisArguments: Sendable, Hashable {
    /// How many arguments there are.
    public private(set) var count: Int
    private(set) var encoded: [UInt8]

    /// No arguments yet.
    public init() {
        count = 0
        encoded = []
    }

    /// One argument for each string, in UTF-8.
    public init(_ strings: [String]) {
        self.init()
        encoded.reserveCapacity(strings.reduce(0) { $0 + RESPEncoding.bulkByteCount($1.utf8.count) })
        for string in strings { append(string) }
    }

    /// The arguments one by one, as bytes.
    public var values: [[UInt8]] {
        var values: [[UInt8]] = []
        values.reserveCapacity(count)
        var rest = encoded[...]
        // `$length CR LF bytes CR LF`, as `append` writes it.
        while let end = rest.firstIndex(of: UInt8(ascii: "\r")) {
            let length = rest[(rest.startIndex + 1)..<end].reduce(0) { $0 * 10 + Int($1) - 48 }
            let body = rest.dropFirst(end - rest.startIndex + 2)
            values.append(Array(body.prefix(length)))
            rest = body.dropFirst(length + 2)
        }
        return values
    }

    /// The number of bytes these arguments take on the wire, prefixes and line ends included.
    public var byteCount: Int { encoded.count }

    /// Appends a string in UTF-8.
    public mutating func append(_ string: String) {
        append(string.utf8)
    }

    /// Appends bytes as they are.
    public mutating func append(_ bytes: [UInt8]) {
        RESPEncoding.appendBulkPrefix(bytes.count, to: &encoded)
        encoded.append(contentsOf: bytes)
        RESPEncoding.appendLineEnd(to: &encoded)
        count += 1
    }

    /// Appends one argument of two parts, the one behind the other.
    public mutating func append(_ first: [UInt8], _ second: [UInt8]) {
        RESPEncoding.appendBulkPrefix(first.count + second.count, to: &encoded)
        encoded.append(contentsOf: first)
        encoded.append(contentsOf: second)
        RESPEncoding.appendLineEnd(to: &encoded)
        count += 1
    }

    /// Appends bytes as they are; a collection in contiguous storage (`ArraySlice`, `String.UTF8View`) is copied in
    /// one piece.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        RESPEncoding.appendBulkPrefix(bytes.count, to: &encoded)
        let copied: Void? = bytes.withContiguousStorageIfAvailable { encoded.append(contentsOf: $0) }
        if copied == nil { encoded.append(contentsOf: bytes) }
        RESPEncoding.appendLineEnd(to: &encoded)
        count += 1
    }

    /// Appends an integer in decimal.
    public mutating func append(_ integer: Int) {
        let digits = RESPEncoding.digitCount(magnitude: integer.magnitude)
        RESPEncoding.appendBulkPrefix(integer < 0 ? digits + 1 : digits, to: &encoded)
        if integer < 0 { encoded.append(UInt8(ascii: "-")) }
        RESPEncoding.appendDecimal(integer.magnitude, to: &encoded)
        RESPEncoding.appendLineEnd(to: &encoded)
        count += 1
    }

    /// Appends all arguments of `other`, in order.
    public mutating func append(contentsOf other: RedisArguments) {
        encoded.append(contentsOf: other.encoded)
        count += other.count
    }

    /// Makes room for `byteCount` more bytes on the wire, to save reallocations of large argument lists.
    public mutating func reserve(byteCount: Int) {
        encoded.reserveCapacity(encoded.count + max(0, byteCount))
    }
}

extension RedisArguments: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: String...) { self.init(elements) }
}
