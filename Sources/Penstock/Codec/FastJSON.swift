import Synchronization

/// Decodes common JSON several times faster than Foundation does, and the rest not at all.
///
/// Payloads of jobs are small, and for those Foundation's decoder spends its time on what it sets up for each. This one
/// reads the bytes once into a flat list of nodes and answers from that. It has no errors and no opinions: where Foundation
/// would throw, convert, or treat a type specially, the result is nil and Foundation decodes the whole value anew. So
/// results and errors are always Foundation's, which `FastJSONTests` holds it to.
package enum FastJSON {
    /// The value, or nil when Foundation has to decode it.
    ///
    /// - Parameter special: types that Foundation decodes in its own way.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], special: [ObjectIdentifier]
    ) -> Value? {
        guard let nodes = bytes.withUnsafeBufferPointer({ JSONScanner.nodes(of: $0) }) else { return nil }
        let document = JSONDocument(bytes: bytes, nodes: nodes, special: special)
        do {
            let value = try document.decode(type, 0)
            // An error may have been caught on the way, by `try?` in a type's own code.
            return document.isUnusual ? nil : value
        } catch {
            return nil
        }
    }
}

/// Foundation has to look.
struct JSONUnusual: Error {}

/// A text and its nodes. Decoders and containers point into it; they may outlive the call that made it.
final class JSONDocument: Sendable {
    private let bytes: [UInt8]
    let nodes: [JSONNode]
    private let special: [ObjectIdentifier]
    private let foundUnusual = Atomic(false)

    init(bytes: [UInt8], nodes: [JSONNode], special: [ObjectIdentifier]) {
        self.bytes = bytes
        self.nodes = nodes
        self.special = special
    }

    var isUnusual: Bool { foundUnusual.load(ordering: .relaxed) }

    /// Notes that Foundation has to look, whether or not the error arrives.
    func unusual() -> JSONUnusual {
        foundUnusual.store(true, ordering: .relaxed)
        return JSONUnusual()
    }

    /// The value of the member with this name.
    func find(_ key: some CodingKey, in object: Int) -> Int? {
        var name = key.stringValue
        return name.withUTF8 { name in
            bytes.withUnsafeBufferPointer { bytes in
                var member = object + 1
                let end = Int(nodes[object].next)
                while member < end {
                    let start = Int(nodes[member].start)
                    if Int(nodes[member].end) - start == name.count {
                        var same = 0
                        while same < name.count, bytes[start + same] == name[same] { same += 1 }
                        if same == name.count { return member + 1 }
                    }
                    member = Int(nodes[member + 1].next)
                }
                // Strings may be equal and their bytes not; never if both are ASCII, and the document's names are.
                if name.contains(where: { $0 >= 0x80 }) { _ = unusual() }
                return nil
            }
        }
    }

    func name(_ node: Int) -> String {
        String(decoding: bytes[Int(nodes[node].start)..<Int(nodes[node].end)], as: UTF8.self)
    }

    func isNull(_ node: Int) -> Bool { nodes[node].kind == .null }

    func bool(_ node: Int) throws -> Bool {
        switch nodes[node].kind {
        case .yes: return true
        case .no: return false
        default: throw unusual()
        }
    }

    func string(_ node: Int) throws -> String {
        let found = nodes[node]
        return switch found.kind {
        case .string: String(decoding: bytes[Int(found.start)..<Int(found.end)], as: UTF8.self)
        case .escapedString:
            bytes.withUnsafeBufferPointer {
                JSONText.unescape(UnsafeBufferPointer(rebasing: $0[Int(found.start)..<Int(found.end)]))
            }
        default: throw unusual()
        }
    }

    func integer<Integer: FixedWidthInteger>(_ node: Int) throws -> Integer {
        guard nodes[node].kind == .integer, let value = Integer(exactly: magnitude(of: nodes[node])) else {
            throw unusual()
        }
        return value
    }

    func double(_ node: Int) throws -> Double {
        let found = nodes[node]
        if found.kind == .integer { return Double(magnitude(of: found)) }
        guard found.kind == .number, let value = Double(name(node)), isPlain(value, found) else { throw unusual() }
        return value
    }

    func float(_ node: Int) throws -> Float {
        let found = nodes[node]
        if found.kind == .integer { return Float(magnitude(of: found)) }
        guard found.kind == .number, let value = Float(name(node)), isPlain(value, found) else { throw unusual() }
        return value
    }

    func decode<Value: Decodable>(_ type: Value.Type, _ node: Int) throws -> Value {
        let identity = ObjectIdentifier(type)
        for other in special where other == identity { throw unusual() }
        return try Value(from: JSONNodeDecoder(document: self, node: node))
    }

    /// The value of an integer of at most 18 digits.
    private func magnitude(of node: JSONNode) -> Int64 {
        var start = Int(node.start)
        let isNegative = bytes[start] == UInt8(ascii: "-")
        if isNegative { start += 1 }
        var value: Int64 = 0
        for byte in bytes[start..<Int(node.end)] { value = value &* 10 &+ Int64(byte &- UInt8(ascii: "0")) }
        return isNegative ? -value : value
    }

    /// Neither too large nor too small for its type, and a zero only if it says so.
    private func isPlain(_ value: some BinaryFloatingPoint, _ node: JSONNode) -> Bool {
        if value.isNormal { return true }
        guard value.isZero else { return false }
        let mantissa = bytes[Int(node.start)..<Int(node.end)].prefix { $0 | 0x20 != UInt8(ascii: "e") }
        return !mantissa.contains { (UInt8(ascii: "1")...UInt8(ascii: "9")).contains($0) }
    }
}
