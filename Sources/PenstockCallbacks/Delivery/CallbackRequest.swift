import NIOHTTP1

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The head of a callback's request.
enum CallbackRequest {
    static func head(
        for url: CallbackURL, id: String, body: [UInt8], headers given: [String: String], _ signing: CallbackSigning?,
        now: Date
    ) throws(InvalidCallbackSetting) -> HTTPRequestHead {
        try CallbackSigning.check(id: id)
        var headers = HTTPHeaders([
            ("host", url.hostHeader), ("connection", "close"), ("content-length", String(body.count)),
        ])
        let seal =
            try signing?.headers(id: id, now: now, body: body)
            ?? [CallbackSigning.Header.id: id, CallbackSigning.Header.timestamp: String(now.unixSeconds)]
        for (name, value) in seal.sorted(by: { $0.key < $1.key }) { headers.add(name: name, value: value) }
        for (name, value) in given.sorted(by: { $0.key < $1.key }) {
            try check(name, value)
            headers.replaceOrAdd(name: name, value: value)
        }
        for (name, value) in [("content-type", "application/json"), ("user-agent", "Penstock")]
        where !headers.contains(name: name) {
            headers.add(name: name, value: value)
        }
        return HTTPRequestHead(version: .http1_1, method: .POST, uri: url.target, headers: headers)
    }

    private static func check(_ name: String, _ value: String) throws(InvalidCallbackSetting) {
        func invalid(_ problem: String) -> InvalidCallbackSetting {
            let shown = name.unicodeScalars.prefix(60).map {
                $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : String($0)
            }
            return InvalidCallbackSetting(setting: "header \"\(shown.joined())\"", problem: problem)
        }
        let lower = name.lowercased()
        guard !lower.isEmpty, lower.utf8.allSatisfy(isTokenByte) else {
            throw invalid("is no name; use ASCII letters, digits and dashes")
        }
        guard !ownHeaders.contains(lower), !lower.hasPrefix("webhook-"), !lower.hasPrefix("proxy-") else {
            throw invalid("is set by the sender; leave it out")
        }
        guard value.utf8.allSatisfy({ $0 == UInt8(ascii: "\t") || (0x20...0x7E).contains($0) }) else {
            throw invalid(
                "has a value with line feeds, control characters, or characters that are not ASCII; encode them")
        }
    }

    private static let ownHeaders: Set<String> = [
        "host", "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade", "te", "trailer", "expect",
    ]

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
