import Foundation
import NIOCore
import NIOPosix
import PenstockTesting
import Synchronization
import Testing

@testable import PenstockCallbacks

@Suite(.timeLimit(.minutes(10))) struct SenderTests {
    @Test("a callback is one POST, signed, of its own bytes")
    func delivery() async throws {
        try await withReceiver(Receiver.answer(204)) { receiver in
            let signing = try CallbackSigning(secrets: [CallbackSigning.makeSecret()])
            let body = Array(#"{"name":"x","phase":"started"}"#.utf8)
            let status = try await sender(signing: signing).send(
                url: "http://127.0.0.1:\(receiver.port)/runs?key=1", id: "run-7", body: body,
                headers: ["X-Shop": "blue"])
            #expect(status == 204)
            let request = try await receiver.requests.next()
            #expect(request.method == .POST && request.target == "/runs?key=1" && request.body == body)
            #expect(request.headers["host"] == ["127.0.0.1:\(receiver.port)"])
            #expect(request.headers["content-type"] == ["application/json"])
            #expect(request.headers["content-length"] == [String(body.count)])
            #expect(request.headers["user-agent"] == ["Penstock"] && request.headers["x-shop"] == ["blue"])
            #expect(request.headers["accept-encoding"].isEmpty && request.headers["cookie"].isEmpty)
            let headers = Dictionary(request.headers.map { ($0.name, $0.value) }) { first, _ in first }
            #expect(try signing.verify(headers: headers, body: request.body) == "run-7")
            #expect(receiver.requests.pending.isEmpty)
        }
    }

    @Test("without secrets a callback bears its id and time; an empty body is one")
    func unsigned() async throws {
        try await withReceiver(Receiver.answer(200)) { receiver in
            try await sender().send(
                url: receiver.url, id: "run-7", body: [], headers: ["Content-Type": "text/plain", "User-Agent": "me"])
            let request = try await receiver.requests.next()
            #expect(request.headers["webhook-id"] == ["run-7"] && request.headers["webhook-timestamp"].count == 1)
            #expect(request.headers["webhook-signature"].isEmpty && request.headers["content-length"] == ["0"])
            #expect(request.headers["content-type"] == ["text/plain"] && request.headers["user-agent"] == ["me"])
        }
    }

    @Test(
        "the status decides, and whether to try again",
        arguments: [
            (200, [], nil), (201, [], nil), (299, [], nil),
            (300, [], .byPolicy), (301, ["location: http://127.0.0.1:1/"], .byPolicy),
            (308, ["location: /"], .byPolicy),
            (400, [], .byPolicy), (404, ["retry-after: 5"], .byPolicy), (410, [], .never),
            (410, ["retry-after: 5"], .never),
            (429, [], .byPolicy), (429, ["retry-after: 7"], .after(.seconds(7))),
            (429, ["Retry-After: 99999"], .after(.seconds(3600))),
            (429, ["retry-after: soon"], .byPolicy), (500, [], .byPolicy), (502, ["retry-after: 5"], .byPolicy),
            (503, ["retry-after: Thu, 01 Jan 1970 00:01:00 GMT"], .byPolicy),
            (503, ["retry-after: Sun, 06 Nov 1994 08:49:37 GMT"], .after(.seconds(37))),
            (599, [], .byPolicy),
        ] as [(Int, [String], CallbackError.Retry?)])
    func statuses(status: Int, headers: [String], retry: CallbackError.Retry?) async throws {
        try await withReceiver(Receiver.answer(status, headers: headers, body: "because\u{1B}")) { receiver in
            // 1994-11-06T08:49:00Z
            let sender = try sender(now: { Date(timeIntervalSince1970: 784_111_740) })
            guard let retry else {
                #expect(try await sender.send(url: receiver.url, id: "a", body: []) == status)
                return
            }
            let error = await #expect(throws: CallbackError.self) {
                try await sender.send(url: receiver.url + "?key=secret", id: "a", body: [])
            }
            #expect(error?.cause == .status(status, excerpt: "because ") && error?.retry == retry)
            #expect(error?.description.hasPrefix("callback to \(receiver.url): answered \(status)") == true)
            #expect(receiver.requests.pending.count == 1, "no redirect is followed")
        }
    }

    @Test(
        "who does not answer in time is not waited for",
        arguments: [Receiver.Habit.silence, .trickle(head: "HTTP/1.1 200 OK\r\nx: ")])
    func noAnswer(habit: Receiver.Habit) async throws {
        try await withReceiver(habit) { receiver in
            let error = await #expect(throws: CallbackError.self) {
                try await sender(timeout: .milliseconds(300)).send(url: receiver.url, id: "a", body: [])
            }
            #expect(error?.cause == .timedOut(.milliseconds(300)) && error?.retry == .byPolicy)
            // It may have expired before the connection was made, on a busy machine.
            if !receiver.connections.pending.isEmpty {
                try await receiver.connections.next("the end of the connection") { $0 == .closed }
            }
        }
    }

    @Test(
        "an answer with a head is one, however its body goes on",
        arguments: [
            (Receiver.Habit.trickle(head: "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"), 200),
            (.flood(head: "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n"), 200),
            (.flood(head: "HTTP/1.1 500 Error\r\n\r\n"), 500),
            (.answer("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"), 200),
            (.answer("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz"), 200),
            (.answer("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nnot gzip"), 200),
            (.answer("HTTP/1.0 202 OK\r\n\r\nup to the end"), 202),
            (.answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), 204),
            (.answer("HTTP/1.1 500 Error\r\ncontent-length: 100\r\n\r\nhalf"), 500),
        ])
    func endlessBodies(habit: Receiver.Habit, status: Int) async throws {
        try await withReceiver(habit) { receiver in
            // Only the deadline ends a trickle.
            let isTrickle = if case .trickle = habit { true } else { false }
            let sender = try sender(timeout: .seconds(isTrickle ? 2 : 20))
            var found: Int?
            do {
                found = try await sender.send(url: receiver.url, id: "a", body: [])
            } catch let error as CallbackError {
                if case .status(let status, _) = error.cause { found = status }
            }
            #expect(found == status)
            // A flood ends only because this side closes.
            try await receiver.connections.next("the end of the connection") { $0 == .closed }
        }
    }

    @Test(
        "what is no answer is told",
        arguments: [
            Receiver.Habit.answer(""), .answer("HTTP/1.1 200"), .answer("HTTP/1.1 100 Continue\r\n\r\n"),
            .trickle(head: ""), .answer("SSH-2.0-OpenSSH_9.2\r\n"),
            .flood(head: "HTTP/1.1 200 OK\r\nx: "), .flood(head: ""),
        ])
    func brokenAnswers(habit: Receiver.Habit) async throws {
        try await withReceiver(habit) { receiver in
            let error = await #expect(throws: CallbackError.self) {
                try await sender().send(url: receiver.url, id: "a", body: [])
            }
            #expect(error?.isBroken == true && error?.retry == .byPolicy)
            try await receiver.connections.next("the end of the connection") { $0 == .closed }
        }
    }

    @Test("nobody there")
    func refused() async throws {
        let receiver = try await Receiver(.silence)
        await receiver.stop()
        let error = await #expect(throws: CallbackError.self) {
            try await sender().send(url: receiver.url, id: "a", body: [])
        }
        #expect(error?.cause == .notConnected(reason: "Connection refused") && error?.retry == .byPolicy)
    }

    @Test("a cancelled task does not wait")
    func cancellation() async throws {
        try await withReceiver(.silence) { receiver in
            let sender = try sender(timeout: .seconds(60))
            let delivery = Task { try await sender.send(url: receiver.url, id: "a", body: []) }
            _ = try await receiver.requests.next()
            delivery.cancel()
            let result = await delivery.result
            #expect(throws: CallbackError(.cancelled, url: receiver.url)) { try result.get() }
            try await receiver.connections.next("the end of the connection") { $0 == .closed }
        }
    }

    @Test(
        "what cannot be sent is refused before anything is",
        arguments: [
            ("no url", "a", [:]), ("https://u:p@example.com/", "a", [:]), ("http://127.0.0.1/", "a.b", [:]),
            ("http://127.0.0.1/", "", [:]),
            ("http://127.0.0.1/", "a", ["Host": "x"]), ("http://127.0.0.1/", "a", ["Transfer-Encoding": "chunked"]),
            ("http://127.0.0.1/", "a", ["Webhook-Signature": "v1,x"]), ("http://127.0.0.1/", "a", ["x y": "z"]),
            ("http://127.0.0.1/", "a", ["": "z"]), ("http://127.0.0.1/", "a", ["x": "y\r\nhost: z"]),
            ("http://127.0.0.1/", "a", ["x": "ä"]),
        ] as [(String, String, [String: String])])
    func invalid(url: String, id: String, headers: [String: String]) async throws {
        let sender = try sender(
            resolver: NameResolver { _, _ in
                Issue.record("asked for a name")
                return []
            })
        let error = await #expect(throws: CallbackError.self) {
            try await sender.send(url: url, id: id, body: [], headers: headers)
        }
        #expect(error?.retry == .never)
    }
}

/// A sender that may go to 127.0.0.1.
func sender(
    signing: CallbackSigning? = nil, allowing ranges: [String] = ["127.0.0.1"], timeout: Duration = .seconds(20),
    allowsPlainHTTP: Bool = false, trustsTestCertificate: Bool = false, resolver: NameResolver = .system,
    now: @escaping @Sendable () -> Date = { Date() }
) throws -> CallbackSender {
    try CallbackSender(
        signing: signing, addresses: AddressRules(allowing: ranges), timeout: timeout, largestReply: 65_536,
        allowsPlainHTTP: allowsPlainHTTP,
        trust: trustsTestCertificate ? [.certificates([TestCertificate.certificate])] : [],
        eventLoopGroup: MultiThreadedEventLoopGroup.singleton, resolver: resolver, now: now)
}

extension Receiver {
    var url: String { "http://127.0.0.1:\(port)/hook" }
}

extension CallbackError {
    var isBroken: Bool { if case .brokenReply = cause { true } else { false } }
}
