#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Turns payloads and results into bytes and back. Redis never looks inside them.
public protocol JobCodec: Sendable {
    func encode<Value: Encodable>(_ value: Value) throws -> [UInt8]
    func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value
}

/// JSON, dates as ISO 8601: readable by every language and by people. Values and errors are those of Foundation's
/// `JSONEncoder` and `JSONDecoder`; common payloads take a shorter way there.
public struct JSONCodec: JobCodec {
    private let encoder: JSONEncoder
    private let decoder: JSONDecoder

    public init() {
        encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.withoutEscapingSlashes]
        decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
    }

    public func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] {
        if let bytes = FastJSON.encode(value, special: Self.special) { return bytes }
        return [UInt8](try encoder.encode(value))
    }

    /// Types that Foundation treats in a way of its own.
    package static let special = [
        ObjectIdentifier(Date.self), ObjectIdentifier(Data.self), ObjectIdentifier(URL.self),
        ObjectIdentifier(Decimal.self),
    ]

    public func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        if let value = FastJSON.decode(type, from: bytes, special: Self.special) { return value }
        return try decoder.decode(type, from: Data(bytes))
    }
}
