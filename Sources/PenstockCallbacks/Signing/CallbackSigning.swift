import Crypto

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Signs callbacks, and verifies them where they are received, as the Standard Webhooks specification says:
/// HMAC-SHA256 of `id.timestamp.body`, in three headers. See standardwebhooks.com; receivers in other languages have
/// libraries for it.
///
/// To change a secret without a moment in which callbacks are refused: sign with the new and the old one, give the
/// receivers the new one, then drop the old.
public struct CallbackSigning: Sendable {
    /// The headers that a signed callback bears, in lower case as they are sent.
    public enum Header {
        /// The same for every attempt to deliver one callback: receivers tell repetitions by it.
        public static let id = "webhook-id"
        /// When the attempt was made, in seconds since 1970.
        public static let timestamp = "webhook-timestamp"
        /// One signature for each secret, with blanks between them.
        public static let signature = "webhook-signature"
    }

    static let version = "v1"

    private let keys: [SymmetricKey]

    /// - Parameter secrets: One or more texts of `whsec_` and the base64 of 24 to 64 random bytes, the newest first.
    ///   Each makes one signature.
    /// - Throws: for a secret of another form, for one that is there twice, and for none at all.
    public init(secrets: [String]) throws(InvalidCallbackSetting) {
        guard !secrets.isEmpty else {
            throw InvalidCallbackSetting(setting: "signing", problem: "has no secret; give one, or no signing at all")
        }
        var keys: [SymmetricKey] = []
        for (place, text) in secrets.enumerated() {
            let key = try CallbackSecret.key(text, name: secrets.count == 1 ? "secret" : "secret \(place + 1)")
            guard !keys.contains(key) else {
                throw InvalidCallbackSetting(setting: "secret \(place + 1)", problem: "is there twice; remove one")
            }
            keys.append(key)
        }
        self.keys = keys
    }

    /// A new secret of 32 random bytes, in the form that `init(secrets:)` takes.
    public static func makeSecret() -> String {
        CallbackSecret.prefix + SymmetricKey(size: .bits256).withUnsafeBytes { Data($0).base64EncodedString() }
    }

    /// The three headers for one attempt.
    ///
    /// - Parameters:
    ///   - id: The callback's, the same in every attempt: 1 to 200 visible ASCII characters without `.`, since dots part
    ///     what is signed.
    ///   - now: The time of the attempt.
    ///   - body: The bytes as they are sent.
    /// - Throws: for an id that has others.
    public func headers(id: String, now: Date, body: [UInt8]) throws(InvalidCallbackSetting) -> [String: String] {
        try Self.check(id: id)
        let timestamp = String(now.unixSeconds)
        let content = Self.content(id: id, timestamp: timestamp, body: body)
        let signatures = keys.map { key in
            let code = HMAC<SHA256>.authenticationCode(for: content, using: key)
            return "\(Self.version),\(Data(code).base64EncodedString())"
        }
        return [
            Header.id: id, Header.timestamp: timestamp, Header.signature: signatures.joined(separator: " "),
        ]
    }

    /// Tells whether a callback comes from somebody who has one of the secrets, and recently.
    ///
    /// It takes the same time for every wrong signature, and knows nothing of callbacks that were seen before: keep the
    /// id that it returns for as long as the tolerance, and drop what has been handled.
    ///
    /// - Parameters:
    ///   - headers: Of the request; names in upper or lower case.
    ///   - body: The bytes as they came, before any decoding.
    ///   - tolerance: How far the sender's clock may be from `now`, to either side.
    /// - Returns: The callback's id.
    /// - Throws: why it is not to be believed.
    @discardableResult
    public func verify(
        headers: [String: String], body: [UInt8], now: Date = Date(), tolerance: Duration = .seconds(300)
    ) throws(UnverifiedCallback) -> String {
        let id = try Self.value(of: Header.id, in: headers)
        let timestamp = try Self.value(of: Header.timestamp, in: headers)
        let signatures = try Self.value(of: Header.signature, in: headers)
        // Twelve digits last for thirty thousand years, and do not overflow below.
        guard timestamp.utf8.count <= 12, timestamp.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let seconds = Int64(timestamp)
        else { throw .malformedTimestamp }
        let age = Duration.seconds(now.unixSeconds) - .seconds(seconds)
        guard age <= tolerance else { throw .tooOld(age) }
        guard age >= .zero - tolerance else { throw .fromTheFuture(.zero - age) }
        let given = signatures.split(separator: " ").compactMap { signature -> Data? in
            guard signature.hasPrefix(Self.version + ",") else { return nil }
            return Data(base64Encoded: String(signature.dropFirst(Self.version.count + 1)))
        }
        let content = Self.content(id: id, timestamp: timestamp, body: body)
        let isGenuine = keys.contains { key in
            let code = HMAC<SHA256>.authenticationCode(for: content, using: key)
            // This comparison of Crypto's takes the same time wherever the first difference is.
            return given.contains { code == $0 }
        }
        // With a dot in its id, what is signed could be parted in another way.
        guard isGenuine, !id.utf8.contains(UInt8(ascii: ".")) else { throw .wrongSignature }
        return id
    }

    static func check(id: String) throws(InvalidCallbackSetting) {
        let isFit =
            (1...200).contains(id.utf8.count)
            && id.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ".") }
        guard isFit else {
            throw InvalidCallbackSetting(
                setting: "callback id", problem: "may have 1 to 200 visible ASCII characters other than \".\"")
        }
    }

    private static func content(id: String, timestamp: String, body: [UInt8]) -> Data {
        Data("\(id).\(timestamp).".utf8) + body
    }

    private static func value(of name: String, in headers: [String: String]) throws(UnverifiedCallback) -> String {
        guard let value = headers[name] ?? headers.first(where: { $0.key.lowercased() == name })?.value else {
            throw .missingHeader(name)
        }
        return value
    }
}

extension CallbackSigning: CustomStringConvertible, CustomReflectable {
    public var description: String { "CallbackSigning(\(keys.count) \(keys.count == 1 ? "secret" : "secrets"))" }
    /// Empty, so that no dump shows a key.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a callback is not to be believed.
public enum UnverifiedCallback: Error, Sendable, Hashable, CustomStringConvertible {
    case missingHeader(String)
    case malformedTimestamp
    /// By this much; perhaps it was recorded and is sent once more by somebody else.
    case tooOld(Duration)
    case fromTheFuture(Duration)
    /// None of the signatures was made of this id, time and body with one of the secrets.
    case wrongSignature

    public var description: String {
        switch self {
        case .missingHeader(let name): "the callback has no header \(name); pass on all headers of the request"
        case .malformedTimestamp: "the callback's timestamp is no number of seconds"
        case .tooOld(let age): "the callback is \(age.components.seconds) s old; compare the clocks, or drop it"
        case .fromTheFuture(let lead):
            "the callback is \(lead.components.seconds) s from the future; compare the clocks"
        case .wrongSignature:
            "no signature of the callback fits; compare the secrets, and pass on the body as it came"
        }
    }
}

extension Date {
    var unixSeconds: Int64 { Int64(timeIntervalSince1970.rounded(.down)) }
}
