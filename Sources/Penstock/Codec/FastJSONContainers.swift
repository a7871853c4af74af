/// The decoder of one value, and its container if it is a single one.
struct JSONNodeDecoder: Decoder, SingleValueDecodingContainer {
    let document: JSONDocument
    let node: Int

    /// Asked for by errors, which Foundation is to write, and by types with a mind of their own, which it is to decode.
    var codingPath: [any CodingKey] {
        _ = document.unusual()
        return []
    }

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard document.nodes[node].kind == .object else { throw document.unusual() }
        return KeyedDecodingContainer(JSONObjectContainer(document: document, node: node))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try JSONArrayContainer(document: document, node: node)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { document.isNull(node) }
    func decode(_ type: Bool.Type) throws -> Bool { try document.bool(node) }
    func decode(_ type: String.Type) throws -> String { try document.string(node) }
    func decode(_ type: Double.Type) throws -> Double { try document.double(node) }
    func decode(_ type: Float.Type) throws -> Float { try document.float(node) }
    func decode(_ type: Int.Type) throws -> Int { try document.integer(node) }
    func decode(_ type: Int8.Type) throws -> Int8 { try document.integer(node) }
    func decode(_ type: Int16.Type) throws -> Int16 { try document.integer(node) }
    func decode(_ type: Int32.Type) throws -> Int32 { try document.integer(node) }
    func decode(_ type: Int64.Type) throws -> Int64 { try document.integer(node) }
    func decode(_ type: UInt.Type) throws -> UInt { try document.integer(node) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try document.integer(node) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try document.integer(node) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try document.integer(node) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try document.integer(node) }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try document.decode(type, node) }
}

/// The members of an object.
struct JSONObjectContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let document: JSONDocument
    let node: Int

    var codingPath: [any CodingKey] {
        _ = document.unusual()
        return []
    }

    var allKeys: [Key] {
        var keys: [Key] = []
        var member = node + 1
        let end = Int(document.nodes[node].next)
        while member < end {
            if let key = Key(stringValue: document.name(member)) { keys.append(key) }
            member = Int(document.nodes[member + 1].next)
        }
        return keys
    }

    /// The value of a member that has to be there.
    private func value(_ key: Key) throws -> Int {
        guard let value = document.find(key, in: node) else { throw document.unusual() }
        return value
    }

    /// The value of a member that is there and not null.
    private func present(_ key: Key) -> Int? {
        guard let value = document.find(key, in: node), !document.isNull(value) else { return nil }
        return value
    }

    func contains(_ key: Key) -> Bool { document.find(key, in: node) != nil }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try JSONNodeDecoder(document: document, node: value(key)).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try JSONArrayContainer(document: document, node: value(key))
    }

    func superDecoder() throws -> any Decoder { throw document.unusual() }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw document.unusual() }

    func decodeNil(forKey key: Key) throws -> Bool { document.isNull(try value(key)) }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try document.bool(value(key)) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try document.string(value(key)) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try document.double(value(key)) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try document.float(value(key)) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try document.integer(value(key)) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try document.integer(value(key)) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try document.integer(value(key)) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try document.integer(value(key)) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try document.integer(value(key)) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try document.integer(value(key)) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try document.integer(value(key)) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try document.integer(value(key)) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try document.integer(value(key)) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try document.integer(value(key)) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try document.decode(type, value(key))
    }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        try present(key).map(document.bool)
    }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try present(key).map(document.string)
    }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        try present(key).map(document.double)
    }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? {
        try present(key).map(document.float)
    }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
        try present(key).map(document.integer)
    }
    func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? {
        try present(key).map(document.integer)
    }
    func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? {
        try present(key).map(document.integer)
    }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? {
        try present(key).map(document.integer)
    }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
        try present(key).map(document.integer)
    }
    func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? {
        try present(key).map(document.integer)
    }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? {
        try present(key).map(document.integer)
    }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? {
        try present(key).map(document.integer)
    }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? {
        try present(key).map(document.integer)
    }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? {
        try present(key).map(document.integer)
    }
    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        try present(key).map { try document.decode(type, $0) }
    }
}

/// The elements of an array, one after the other.
struct JSONArrayContainer: UnkeyedDecodingContainer {
    private let document: JSONDocument
    private var node: Int
    let count: Int?
    private(set) var currentIndex = 0

    init(document: JSONDocument, node: Int) throws {
        let array = document.nodes[node]
        guard array.kind == .array else { throw document.unusual() }
        self.document = document
        self.node = node + 1
        count = Int(array.start)
    }

    var codingPath: [any CodingKey] {
        _ = document.unusual()
        return []
    }

    var isAtEnd: Bool { currentIndex == count }

    /// Reads the element that comes next, and goes on to the one after it.
    private mutating func take<Value>(_ read: (Int) throws -> Value) throws -> Value {
        guard !isAtEnd else { throw document.unusual() }
        let value = try read(node)
        node = Int(document.nodes[node].next)
        currentIndex += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd else { throw document.unusual() }
        guard document.isNull(node) else { return false }
        return try take { _ in true }
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        let document = document
        return try take { try JSONNodeDecoder(document: document, node: $0).container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let document = document
        return try take { try JSONArrayContainer(document: document, node: $0) }
    }

    mutating func superDecoder() throws -> any Decoder { throw document.unusual() }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try take(document.bool) }
    mutating func decode(_ type: String.Type) throws -> String { try take(document.string) }
    mutating func decode(_ type: Double.Type) throws -> Double { try take(document.double) }
    mutating func decode(_ type: Float.Type) throws -> Float { try take(document.float) }
    mutating func decode(_ type: Int.Type) throws -> Int { try take(document.integer) }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try take(document.integer) }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try take(document.integer) }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try take(document.integer) }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try take(document.integer) }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try take(document.integer) }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try take(document.integer) }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try take(document.integer) }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try take(document.integer) }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try take(document.integer) }
    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let document = document
        return try take { try document.decode(type, $0) }
    }
}
