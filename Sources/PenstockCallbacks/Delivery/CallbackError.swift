/// Why a callback was not delivered, or is not known to be, and whether to try again.
public struct CallbackError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Cause: Sendable, Hashable {
        /// The URL is none, or none that callbacks go to.
        case invalidURL(String)
        /// The id or a header cannot be sent.
        case invalidRequest(InvalidCallbackSetting)
        /// The host has no address that `AddressRules` allow.
        case refusedAddress(host: String, [IPAddress])
        /// The URL has scheme http, and its host is not one of the operator's own.
        case refusedPlainHTTP
        case unresolvedName(host: String, reason: String)
        /// None of the host's addresses took the connection.
        case notConnected(reason: String)
        /// TLS did not come about: the certificate is not trusted, not valid for the name, or there is no TLS at all.
        case refusedTLS(reason: String)
        /// There was no answer within this time. The receiver may have got the callback.
        case timedOut(Duration)
        /// The connection ended before an answer, or with something that is not HTTP. The receiver may have got the
        /// callback.
        case brokenReply(reason: String)
        /// The answer was not 2xx: its status, and the beginning of its body.
        case status(Int, excerpt: String)
        /// The task was cancelled meanwhile. The receiver may have got the callback.
        case cancelled
    }

    public enum Retry: Sendable, Hashable {
        /// It will never succeed as it is.
        case never
        /// After the time that the policy for retries says.
        case byPolicy
        /// The receiver asked for this time.
        case after(Duration)
    }

    public let cause: Cause
    public let retry: Retry
    /// The URL without query, user and password.
    public let url: String

    init(_ cause: Cause, url: String, retryAfter: Duration? = nil) {
        self.cause = cause
        self.url = url
        retry =
            switch cause {
            case .invalidURL, .invalidRequest, .refusedAddress, .refusedPlainHTTP, .status(410, _): .never
            case .status(429, _), .status(503, _): retryAfter.map { .after($0) } ?? .byPolicy
            default: .byPolicy
            }
    }

    public var description: String { "callback to \(url): \(problem)" }

    private var problem: String {
        switch cause {
        case .invalidURL(let problem): "the URL cannot be used: \(problem)"
        case .invalidRequest(let problem): "\(problem)"
        case .refusedAddress(let host, let addresses):
            "\(host) is \(addresses.map(\.description).joined(separator: ", ")), which is not public;"
                + " let the operator allow the address range if it is one of his own"
        case .refusedPlainHTTP:
            "http does not keep what is sent from being read on the way; use https, or let the operator allow the"
                + " address range or plain http"
        case .unresolvedName(let host, let reason): "\(host) has no address (\(reason)); correct the name"
        case .notConnected(let reason):
            "nothing takes connections there (\(reason)); start the receiver, or correct host and port"
        case .refusedTLS(let reason):
            "TLS failed (\(reason)); give the receiver a certificate for this name that is trusted here"
        case .timedOut(let limit): "no answer within \(limit); answer first and work afterwards"
        case .brokenReply(let reason): "no usable answer (\(reason)); see what the receiver logged"
        case .status(let status, let excerpt):
            "answered \(status)\(advice(status))" + (excerpt.isEmpty ? "" : ": \(excerpt)")
        case .cancelled: "cancelled before an answer came"
        }
    }

    private func advice(_ status: Int) -> String {
        switch status {
        case 300..<400: ", and redirects are not followed; use the final address"
        case 401, 403: "; compare the secrets of both sides"
        case 410: ", it is gone for good; start runs without this callback"
        default: ""
        }
    }
}
