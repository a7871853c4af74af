import Crypto

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The written form of a secret.
enum CallbackSecret {
    static let prefix = "whsec_"
    private static let allowedBytes = 24...64

    static func key(_ text: String, name: String) throws(InvalidCallbackSetting) -> SymmetricKey {
        guard text.hasPrefix(prefix) else {
            throw InvalidCallbackSetting(
                setting: name,
                problem: "does not begin with \(prefix); write \(prefix) and the base64 of 32 random bytes")
        }
        let base64 = text.dropFirst(prefix.count)
        // Some tools leave out the padding, and libraries for receivers take that.
        let padding = String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard let bytes = Data(base64Encoded: base64 + padding) else {
            throw InvalidCallbackSetting(setting: name, problem: "is not base64 after \(prefix)")
        }
        guard allowedBytes.contains(bytes.count) else {
            throw InvalidCallbackSetting(
                setting: name,
                problem:
                    "has \(bytes.count) bytes; \(allowedBytes.lowerBound) to \(allowedBytes.upperBound) are allowed")
        }
        return SymmetricKey(data: bytes)
    }
}
