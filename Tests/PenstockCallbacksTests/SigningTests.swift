import Foundation
import PenstockCallbacks
import Testing

@Suite struct SigningTests {
    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    static let older = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    static let moment = Date(timeIntervalSince1970: 1_614_265_330)
    static let body = Array(#"{"test": 2432232314}"#.utf8)
    static let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    struct Vector: Sendable {
        let secret, id, body, signature: String
        let seconds: Double
    }

    @Test(
        "signatures are those that the libraries of Standard Webhooks publish in their tests",
        arguments: [
            Vector(
                secret: secret, id: id, body: #"{"test": 2432232314}"#, signature: signature, seconds: 1_614_265_330),
            Vector(
                secret: older, id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
                body: #"{"email":"test@example.com","username":"test_user"}"#,
                signature: "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=", seconds: 1_649_367_553),
        ])
    func vectors(vector: Vector) throws {
        let signing = try CallbackSigning(secrets: [vector.secret])
        let headers = try signing.headers(
            id: vector.id, now: Date(timeIntervalSince1970: vector.seconds + 0.9), body: Array(vector.body.utf8))
        #expect(
            headers == [
                "webhook-id": vector.id, "webhook-timestamp": String(Int(vector.seconds)),
                "webhook-signature": vector.signature,
            ])
    }

    @Test("each secret makes a signature, the newest first; a receiver with any of them believes it")
    func rotation() throws {
        let both = try CallbackSigning(secrets: [Self.older, Self.secret])
        let headers = try both.headers(id: Self.id, now: Self.moment, body: Self.body)
        let signatures = headers["webhook-signature"]?.split(separator: " ")
        #expect(signatures?.count == 2 && signatures?.last == Self.signature[...])
        for secret in [Self.secret, Self.older] {
            let receiver = try CallbackSigning(secrets: [secret])
            #expect(try receiver.verify(headers: headers, body: Self.body, now: Self.moment) == Self.id)
        }
        let other = try CallbackSigning(secrets: [CallbackSigning.makeSecret()])
        #expect(throws: UnverifiedCallback.wrongSignature) {
            try other.verify(headers: headers, body: Self.body, now: Self.moment)
        }
    }

    @Test(
        "what was changed, is missing or is old is not believed",
        arguments: [
            ([:], nil),
            (
                ["webhook-signature": "v1,AAAA v2,Ceo5 \(signature) v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="],
                nil
            ),
            (["webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA="], .wrongSignature),
            (["webhook-signature": "v1,"], .wrongSignature),
            (["webhook-signature": "v1"], .wrongSignature),
            (["webhook-signature": ""], .wrongSignature),
            (["webhook-signature": "v1,g0hM9SsE"], .wrongSignature),
            (["webhook-signature": "v1a,\(signature.dropFirst(3))"], .wrongSignature),
            (["webhook-signature": String(signature.dropFirst(3))], .wrongSignature),
            (["webhook-id": "msg_other"], .wrongSignature),
            (["webhook-timestamp": "1614265331"], .wrongSignature),
            (["webhook-timestamp": "hello"], .malformedTimestamp),
            (["webhook-timestamp": ""], .malformedTimestamp),
            (["webhook-timestamp": "+1614265330"], .malformedTimestamp),
            (["webhook-timestamp": "99999999999999999999"], .malformedTimestamp),
            (["webhook-timestamp": "-1"], .malformedTimestamp),
            (["webhook-timestamp": "9223372036854775807"], .malformedTimestamp),
            (["webhook-timestamp": "999999999999"], .fromTheFuture(.seconds(998_385_734_669))),
            (["webhook-timestamp": "0"], .tooOld(.seconds(1_614_265_330))),
        ] as [([String: String], UnverifiedCallback?)])
    func verification(changes: [String: String], expected: UnverifiedCallback?) throws {
        let signing = try CallbackSigning(secrets: [Self.secret])
        var headers = try signing.headers(id: Self.id, now: Self.moment, body: Self.body)
        headers.merge(changes) { $1 }
        var found: UnverifiedCallback?
        do { try signing.verify(headers: headers, body: Self.body, now: Self.moment) } catch { found = error }
        #expect(found == expected)
    }

    @Test("names of headers may have upper case; none may be missing", arguments: ["id", "timestamp", "signature"])
    func headerNames(name: String) throws {
        let signing = try CallbackSigning(secrets: [Self.secret])
        var headers = try signing.headers(id: Self.id, now: Self.moment, body: Self.body)
        let value = headers.removeValue(forKey: "webhook-\(name)")
        #expect(throws: UnverifiedCallback.missingHeader("webhook-\(name)")) {
            try signing.verify(headers: headers, body: Self.body, now: Self.moment)
        }
        headers["Webhook-\(name.capitalized)"] = value
        #expect(try signing.verify(headers: headers, body: Self.body, now: Self.moment) == Self.id)
    }

    @Test("what is signed cannot be parted in another way")
    func parting() throws {
        let signing = try CallbackSigning(secrets: [Self.secret])
        let body = "1614265331.{}"
        var headers = try signing.headers(id: Self.id, now: Self.moment, body: Array(body.utf8))
        headers["webhook-id"] = "\(Self.id).1614265330"
        headers["webhook-timestamp"] = "1614265331"
        #expect(throws: UnverifiedCallback.wrongSignature) {
            try signing.verify(headers: headers, body: Array("{}".utf8), now: Self.moment)
        }
    }

    @Test("a body with one more byte is not believed")
    func body() throws {
        let signing = try CallbackSigning(secrets: [Self.secret])
        let headers = try signing.headers(id: Self.id, now: Self.moment, body: Self.body)
        #expect(throws: UnverifiedCallback.wrongSignature) {
            try signing.verify(headers: headers, body: Self.body + [10], now: Self.moment)
        }
    }

    @Test(
        "five minutes are tolerated to either side",
        arguments: [
            (0, true), (300, true), (-300, true), (301, false), (-301, false),
        ])
    func tolerance(seconds: Double, isBelieved: Bool) throws {
        let signing = try CallbackSigning(secrets: [Self.secret])
        let headers = try signing.headers(id: Self.id, now: Self.moment, body: Self.body)
        let verified = try? signing.verify(headers: headers, body: Self.body, now: Self.moment + seconds)
        #expect((verified != nil) == isBelieved)
    }

    @Test(
        "secrets have a form, and refusals do not show them",
        arguments: [
            (["whsec_" + base64(24)], nil),
            (["whsec_" + base64(64)], nil),
            (["whsec_" + base64(25).filter { $0 != "=" }], nil),
            ([], "no secret"),
            (["whsec_"], "has 0 bytes"),
            (["whsec_" + base64(23)], "has 23 bytes; 24 to 64"),
            (["whsec_" + base64(65)], "has 65 bytes"),
            ([base64(24)], "does not begin with whsec_"),
            (["whsk_" + base64(32)], "does not begin with whsec_"),
            (["whsec_!" + base64(24).dropFirst()], "is not base64"),
            ([secret, secret], "secret 2 is there twice"),
            ([secret, "whsec_x"], "secret 2"),
        ] as [([String], String?)])
    func secrets(secrets: [String], problem: String?) {
        var found: String?
        do { _ = try CallbackSigning(secrets: secrets) } catch { found = error.description }
        #expect((found == nil) == (problem == nil))
        if let found, let problem {
            #expect(found.contains(problem))
            #expect(!secrets.contains { $0.count > 6 && found.contains($0.dropFirst(6).prefix(12)) })
        }
    }

    @Test("a new secret can be used, and is another each time; no print shows it")
    func newSecrets() throws {
        let secret = CallbackSigning.makeSecret()
        #expect(secret != CallbackSigning.makeSecret())
        let signing = try CallbackSigning(secrets: [secret])
        var dumped = ""
        dump(signing, to: &dumped)
        #expect("\(signing)" == "CallbackSigning(1 secret)" && !dumped.contains("bytes") && !dumped.contains("key"))
    }

    @Test(
        "ids are visible and have no dots",
        arguments: ["", "a.b", "a b", "a\n", "ä", String(repeating: "x", count: 201)])
    func ids(id: String) throws {
        let signing = try CallbackSigning(secrets: [Self.secret])
        #expect(throws: InvalidCallbackSetting.self) { try signing.headers(id: id, now: Self.moment, body: []) }
    }

    private static func base64(_ count: Int) -> String { Data((0..<count).map { UInt8($0) }).base64EncodedString() }
}
