import Dispatch
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Asks for the addresses of a name, once for each callback.
struct NameResolver: Sendable {
    /// Blocks its thread, as the system's resolver does.
    let addresses: @Sendable (_ host: String, _ port: Int) throws -> [SocketAddress]

    struct Failure: Error { let reason: String }

    /// The system's: hosts file, DNS, whatever it is set up for, in the order in which it wants them to be tried.
    static let system = NameResolver { host, port in
        var hints = addrinfo()
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        hints.ai_flags = AI_NUMERICSERV
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &first)
        guard code == 0 else { throw Failure(reason: String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(first) }
        var addresses: [SocketAddress] = []
        var next = first
        while let info = next?.pointee {
            if let bytes = UnsafeRawPointer(info.ai_addr) {
                switch info.ai_family {
                case AF_INET: addresses.append(SocketAddress(bytes.loadUnaligned(as: sockaddr_in.self)))
                case AF_INET6: addresses.append(SocketAddress(bytes.loadUnaligned(as: sockaddr_in6.self)))
                default: break
                }
            }
            next = info.ai_next
        }
        return addresses
    }

    /// Completes the promise with the addresses, or with a `Failure`. The system cannot be told to stop asking: a
    /// thread is held until it gives up, also when nobody waits any more.
    func resolve(_ host: String, _ port: Int, _ promise: EventLoopPromise<[SocketAddress]>) {
        DispatchQueue.global().async {
            promise.completeWith(Result { try addresses(host, port) })
        }
    }
}
