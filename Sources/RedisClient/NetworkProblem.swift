import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Errors of the network layer in words for people.
enum NetworkProblem {
    static func describe(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first { return describe(first.error) }
            return "the host name \"\(error.host)\" could not be resolved"
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout(let limit): return "no answer within \(limit.nanoseconds / 1_000_000) ms"
        default: return String(describing: error)
        }
    }
}
