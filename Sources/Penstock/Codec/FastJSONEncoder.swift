extension FastJSON {
    /// The value as JSON, or nil when Foundation has to encode it. As for decoding, the result is what Foundation's would
    /// be, but for the order of members, of which Foundation promises none.
    ///
    /// - Parameter special: types that Foundation encodes in its own way.
    package static func encode(_ value: some Encodable, special: [ObjectIdentifier]) -> [UInt8]? {
        let text = JSONOutput(special: special)
        do {
            try text.append(value: value)
            return text.isUnusual ? nil : text.bytes
        } catch {
            return nil
        }
    }
}

/// The text as far as it is written. Values are written as they come: whatever would have to be inserted later (nested
/// containers that stay open, members that are set twice) is Foundation's.
final class JSONOutput {
    fileprivate(set) var bytes: [UInt8] = []
    fileprivate(set) var isUnusual = false
    private let special: [ObjectIdentifier]

    init(special: [ObjectIdentifier]) {
        self.special = special
        bytes.reserveCapacity(128)
    }

    func unusual() -> JSONUnusual {
        isUnusual = true
        return JSONUnusual()
    }

    func append<Value: Encodable>(value: Value) throws {
        let identity = ObjectIdentifier(Value.self)
        for other in special where other == identity { throw unusual() }
        let encoder = JSONTextEncoder(self)
        try value.encode(to: encoder)
        try encoder.close()
    }

    func append(_ value: Bool) { bytes.append(contentsOf: value ? "true".utf8 : "false".utf8) }

    func appendNull() { bytes.append(contentsOf: "null".utf8) }

    func append(integer value: some FixedWidthInteger) {
        // The digits from the last to the first, in a place of their own.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 40) { digits in
            var (rest, start) = (value.magnitude, digits.count)
            repeat {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
                rest = quotient
            } while rest != 0
            if value < 0 {
                start -= 1
                digits[start] = UInt8(ascii: "-")
            }
            bytes.append(contentsOf: digits[start...])
        }
    }

    /// The shortest text that reads as the same number; a whole one has no fraction.
    func append(number value: some BinaryFloatingPoint & CustomStringConvertible) throws {
        guard value.isFinite else { throw unusual() }
        let text = value.description
        bytes.append(contentsOf: text.hasSuffix(".0") ? text.dropLast(2).utf8 : text[...].utf8)
    }

    func append(_ text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { utf8 in
            var plain = 0
            for place in utf8.indices where utf8[place] < 0x20 || utf8[place] == 0x22 || utf8[place] == 0x5C {
                bytes.append(contentsOf: utf8[plain..<place])
                appendEscaped(utf8[place])
                plain = place + 1
            }
            bytes.append(contentsOf: utf8[plain...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private func appendEscaped(_ byte: UInt8) {
        let letter: Unicode.Scalar
        switch byte {
        case 0x22: letter = "\""
        case 0x5C: letter = "\\"
        case 0x08: letter = "b"
        case 0x09: letter = "t"
        case 0x0A: letter = "n"
        case 0x0C: letter = "f"
        case 0x0D: letter = "r"
        default:
            let digits = Array("0123456789abcdef".utf8)
            bytes.append(contentsOf: "\\u00".utf8)
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
            return
        }
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(UInt8(ascii: letter))
    }
}

/// The encoder of one value, with the container that it has asked for.
final class JSONTextEncoder: Encoder {
    fileprivate enum Form { case nothing, object, array, single }

    fileprivate let output: JSONOutput
    fileprivate var form = Form.nothing
    fileprivate var count = 0
    /// Where the names of the members are in the output.
    private var names: [Range<Int>] = []

    init(_ output: JSONOutput) { self.output = output }

    /// Foundation's, if anybody wants to know.
    var codingPath: [any CodingKey] {
        _ = output.unusual()
        return []
    }

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        begin(.object, "{")
        return KeyedEncodingContainer(JSONObjectOutput(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        begin(.array, "[")
        return JSONArrayOutput(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        begin(.single, nil)
        return JSONSingleOutput(encoder: self)
    }

    private func begin(_ form: Form, _ bracket: Unicode.Scalar?) {
        if self.form == .nothing {
            self.form = form
            if let bracket { output.bytes.append(UInt8(ascii: bracket)) }
        } else if self.form != form {
            _ = output.unusual()
        }
    }

    /// Ends the container: nothing comes after this.
    fileprivate func close() throws {
        switch form {
        case .object: output.bytes.append(UInt8(ascii: "}"))
        case .array: output.bytes.append(UInt8(ascii: "]"))
        case .single where count == 1: break
        case .single, .nothing: throw output.unusual()
        }
    }

    /// Before an element, or the one value.
    fileprivate func next() {
        if count > 0 { output.bytes.append(UInt8(ascii: ",")) }
        count += 1
    }

    /// Before a member. A name that comes again would replace the first in Foundation.
    fileprivate func next(_ key: some CodingKey) throws {
        next()
        let start = output.bytes.count
        output.append(key.stringValue)
        let name = start..<output.bytes.count
        guard names.count < 64, !names.contains(where: { $0.count == name.count && isSame($0, name) }) else {
            throw output.unusual()
        }
        names.append(name)
        output.bytes.append(UInt8(ascii: ":"))
    }

    private func isSame(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        output.bytes[one].elementsEqual(output.bytes[other])
    }
}

private struct JSONObjectOutput<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: JSONTextEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }
    private var output: JSONOutput { encoder.output }

    init(encoder: JSONTextEncoder) { self.encoder = encoder }

    func encodeNil(forKey key: Key) throws {
        try encoder.next(key)
        output.appendNull()
    }
    func encode(_ value: Bool, forKey key: Key) throws {
        try encoder.next(key)
        output.append(value)
    }
    func encode(_ value: String, forKey key: Key) throws {
        try encoder.next(key)
        output.append(value)
    }
    func encode(_ value: Double, forKey key: Key) throws {
        try encoder.next(key)
        try output.append(number: value)
    }
    func encode(_ value: Float, forKey key: Key) throws {
        try encoder.next(key)
        try output.append(number: value)
    }
    func encode(_ value: Int, forKey key: Key) throws { try encode(integer: value, key) }
    func encode(_ value: Int8, forKey key: Key) throws { try encode(integer: value, key) }
    func encode(_ value: Int16, forKey key: Key) throws { try encode(integer: value, key) }
    func encode(_ value: Int32, forKey key: Key) throws { try encode(integer: value, key) }
    func encode(_ value: Int64, forKey key: Key) throws { try encode(integer: value, key) }
    func encode(_ value: UInt, forKey key: Key) throws { try encode(integer: value, key) }
    func encode(_ value: UInt8, forKey key: Key) throws { try encode(integer: value, key) }
    func encode(_ value: UInt16, forKey key: Key) throws { try encode(integer: value, key) }
    func encode(_ value: UInt32, forKey key: Key) throws { try encode(integer: value, key) }
    func encode(_ value: UInt64, forKey key: Key) throws { try encode(integer: value, key) }
    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try encoder.next(key)
        try output.append(value: value)
    }

    private func encode(integer: some FixedWidthInteger, _ key: Key) throws {
        try encoder.next(key)
        output.append(integer: integer)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type, forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> { encoder.discarding.container(keyedBy: keyType) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        encoder.discarding.unkeyedContainer()
    }
    func superEncoder() -> any Encoder { encoder.discarding }
    func superEncoder(forKey key: Key) -> any Encoder { encoder.discarding }
}

private struct JSONArrayOutput: UnkeyedEncodingContainer {
    let encoder: JSONTextEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.count }

    private func next() -> JSONOutput {
        encoder.next()
        return encoder.output
    }

    func encodeNil() throws { next().appendNull() }
    func encode(_ value: Bool) throws { next().append(value) }
    func encode(_ value: String) throws { next().append(value) }
    func encode(_ value: Double) throws { try next().append(number: value) }
    func encode(_ value: Float) throws { try next().append(number: value) }
    func encode(_ value: Int) throws { next().append(integer: value) }
    func encode(_ value: Int8) throws { next().append(integer: value) }
    func encode(_ value: Int16) throws { next().append(integer: value) }
    func encode(_ value: Int32) throws { next().append(integer: value) }
    func encode(_ value: Int64) throws { next().append(integer: value) }
    func encode(_ value: UInt) throws { next().append(integer: value) }
    func encode(_ value: UInt8) throws { next().append(integer: value) }
    func encode(_ value: UInt16) throws { next().append(integer: value) }
    func encode(_ value: UInt32) throws { next().append(integer: value) }
    func encode(_ value: UInt64) throws { next().append(integer: value) }
    func encode<Value: Encodable>(_ value: Value) throws { try next().append(value: value) }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy keyType: NestedKey.Type
    ) -> KeyedEncodingContainer<NestedKey> { encoder.discarding.container(keyedBy: keyType) }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { encoder.discarding.unkeyedContainer() }
    func superEncoder() -> any Encoder { encoder.discarding }
}

private struct JSONSingleOutput: SingleValueEncodingContainer {
    let encoder: JSONTextEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }

    private func next() throws -> JSONOutput {
        guard encoder.count == 0 else { throw encoder.output.unusual() }
        encoder.next()
        return encoder.output
    }

    func encodeNil() throws { try next().appendNull() }
    func encode(_ value: Bool) throws { try next().append(value) }
    func encode(_ value: String) throws { try next().append(value) }
    func encode(_ value: Double) throws { try next().append(number: value) }
    func encode(_ value: Float) throws { try next().append(number: value) }
    func encode(_ value: Int) throws { try next().append(integer: value) }
    func encode(_ value: Int8) throws { try next().append(integer: value) }
    func encode(_ value: Int16) throws { try next().append(integer: value) }
    func encode(_ value: Int32) throws { try next().append(integer: value) }
    func encode(_ value: Int64) throws { try next().append(integer: value) }
    func encode(_ value: UInt) throws { try next().append(integer: value) }
    func encode(_ value: UInt8) throws { try next().append(integer: value) }
    func encode(_ value: UInt16) throws { try next().append(integer: value) }
    func encode(_ value: UInt32) throws { try next().append(integer: value) }
    func encode(_ value: UInt64) throws { try next().append(integer: value) }
    func encode<Value: Encodable>(_ value: Value) throws { try next().append(value: value) }
}

extension JSONTextEncoder {
    /// For what can stay open while others are written: takes everything and keeps nothing, for Foundation encodes anew.
    fileprivate var discarding: JSONTextEncoder {
        _ = output.unusual()
        return JSONTextEncoder(JSONOutput(special: []))
    }
}
