import Dispatch
import NIOCore
import PenstockTesting
import Synchronization
import Testing

@testable import PenstockCallbacks

@Suite(.timeLimit(.minutes(10))) struct GuardTests {
    @Test(
        "names and addresses of this machine are refused, and nothing is sent there",
        arguments: [
            "127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::1]", "0.0.0.0", "[::]", "127.0.0.2",
            "2130706433", "0x7f000001", "0x7f.1", "017700000001", "127.1", "127.0.0.1.", "localhost.", "LOCALHOST",
            "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[fe80::1%25lo]", "169.254.169.254",
        ])
    func thisMachine(host: String) async throws {
        try await withReceiver(Receiver.answer(200)) { receiver in
            let sender = try sender(allowing: [], allowsPlainHTTP: true)
            let error = await #expect(throws: CallbackError.self) {
                try await sender.send(url: "http://\(host):\(receiver.port)/", id: "a", body: [])
            }
            #expect(receiver.connections.pending.isEmpty)
            switch error?.cause {
            case .refusedAddress, .invalidURL: #expect(error?.retry == .never)
            // This machine may not know these names.
            case .unresolvedName: #expect(host.lowercased().hasPrefix("localhost"))
            default: Issue.record("\(String(describing: error))")
            }
        }
    }

    @Test("a name is asked for once, and the connection goes to what was judged")
    func rebinding() async throws {
        try await withReceiver(Receiver.answer(200)) { receiver in
            let asked = Mutex(0)
            let resolver = NameResolver { host, port in
                #expect(host == "hooks.example.test" && port == receiver.port)
                let count = asked.withLock { count in
                    count += 1
                    return count
                }
                return try [SocketAddress(ipAddress: count == 1 ? "127.0.0.1" : "127.0.0.9", port: port)]
            }
            let url = "http://Hooks.example.test:\(receiver.port)/"
            try await sender(resolver: resolver).send(url: url, id: "a", body: [])
            let request = try await receiver.requests.next()
            #expect(request.headers["host"] == ["hooks.example.test:\(receiver.port)"])
            #expect(asked.withLock { $0 } == 1)
        }
    }

    @Test(
        "of several addresses only those that are allowed are tried, one after the other",
        arguments: [
            (["10.0.0.1", "127.0.0.1"], ["127.0.0.1"], true),
            (["127.0.0.3", "127.0.0.1"], ["127.0.0.0/8"], true),
            (["::1", "10.0.0.1", "169.254.169.254"], ["127.0.0.0/8"], false),
        ])
    func several(addresses: [String], allowed: [String], isDelivered: Bool) async throws {
        try await withReceiver(Receiver.answer(200)) { receiver in
            let resolver = NameResolver { _, port in
                try addresses.map { try SocketAddress(ipAddress: $0, port: port) }
            }
            let sender = try sender(allowing: allowed, resolver: resolver)
            let url = "http://hooks.example.test:\(receiver.port)/"
            if isDelivered {
                #expect(try await sender.send(url: url, id: "a", body: []) == 200)
            } else {
                let refused = addresses.compactMap { IPAddress($0) }
                await #expect(throws: CallbackError(.refusedAddress(host: "hooks.example.test", refused), url: url)) {
                    try await sender.send(url: url, id: "a", body: [])
                }
            }
        }
    }

    @Test("http goes to the operator's own addresses, to others only where that is allowed")
    func plainHTTP() async throws {
        let resolver = NameResolver { _, port in try [SocketAddress(ipAddress: "8.8.8.8", port: port)] }
        let error = await #expect(throws: CallbackError.self) {
            try await sender(resolver: resolver).send(url: "http://hooks.example.test/", id: "a", body: [])
        }
        #expect(error?.cause == .refusedPlainHTTP && error?.retry == .never)
        try await withReceiver(Receiver.answer(200)) { receiver in
            let sender = try sender()
            #expect(try await sender.send(url: receiver.url, id: "a", body: []) == 200)
        }
    }

    @Test("a name that is not known, or not answered for, may be another time")
    func unresolved() async throws {
        let unknown = NameResolver { _, _ in throw NameResolver.Failure(reason: "not known") }
        await #expect(
            throws: CallbackError(
                .unresolvedName(host: "a.test", reason: "not known"), url: "https://a.test/")
        ) { try await sender(resolver: unknown).send(url: "https://a.test/", id: "a", body: []) }

        let release = DispatchSemaphore(value: 0)
        let slow = NameResolver { _, _ in
            release.wait()
            return []
        }
        let error = await #expect(throws: CallbackError.self) {
            try await sender(timeout: .milliseconds(100), resolver: slow).send(
                url: "https://a.test/", id: "a", body: [])
        }
        release.signal()
        #expect(error?.cause == .timedOut(.milliseconds(100)) && error?.retry == .byPolicy)
    }
}

@Suite(.timeLimit(.minutes(10))) struct TLSTests {
    private static let loopback = NameResolver { _, port in try [SocketAddress(ipAddress: "127.0.0.1", port: port)] }

    @Test(
        "a certificate has to be trusted, and valid for the host of the URL wherever that leads",
        arguments: [
            (TestCertificate.name, true, nil), (TestCertificate.name.uppercased(), true, nil),
            ("other.example.test", true, "its certificate is for another host"),
            ("127.0.0.1", true, "its certificate is for another host"),
            (TestCertificate.name, false, "its certificate is not trusted here, or not valid now"),
        ])
    func certificates(host: String, isTrusted: Bool, refusal: String?) async throws {
        try await withReceiver(Receiver.answer(200), tls: TestCertificate.serverContext) { receiver in
            let sender = try sender(trustsTestCertificate: isTrusted, resolver: Self.loopback)
            let url = "https://\(host):\(receiver.port)/"
            guard let refusal else {
                #expect(try await sender.send(url: url, id: "a", body: [1, 2]) == 200)
                #expect(try await receiver.requests.next().body == [1, 2])
                return
            }
            let error = await #expect(throws: CallbackError.self) {
                try await sender.send(url: url, id: "a", body: [1, 2])
            }
            #expect(error?.cause == .refusedTLS(reason: refusal) && error?.retry == .byPolicy)
            #expect(receiver.requests.pending.isEmpty)
        }
    }

    @Test("a receiver that does not speak TLS gets nothing to read")
    func plainReceiver() async throws {
        try await withReceiver(.answer("HTTP/1.1 200 OK\r\n\r\n")) { receiver in
            let error = await #expect(throws: CallbackError.self) {
                try await sender(trustsTestCertificate: true, resolver: Self.loopback).send(
                    url: "https://\(TestCertificate.name):\(receiver.port)/", id: "a", body: [])
            }
            #expect(error?.cause == .refusedTLS(reason: "the connection was closed"))
            #expect(receiver.requests.pending.isEmpty)
        }
    }

    @Test("certificates that cannot be read are told at once")
    func unreadable() {
        let error = #expect(throws: InvalidCallbackSetting.self) {
            try CallbackSender(signing: nil, trustedCertificates: ["/nowhere/authority.pem"])
        }
        #expect(error?.setting == "trusted certificates")
    }
}
