import PenstockModel
import Testing

@Suite struct HeadersTests {
    private static func many(_ count: Int) -> [String: String] {
        Dictionary(uniqueKeysWithValues: (0..<count).map { ("h\($0)", "") })
    }

    @Test(arguments: [
        [:], ["a": ""], ["traceparent": "00-1-2-01", "X-Request-ID": "日本\n\t"], ["!#$%&'*+-.^_`|~": "="],
        [String(repeating: "n", count: 100): "v"], ["a": String(repeating: "v", count: 4095)], many(32),
    ])
    func accepts(headers: [String: String]) throws {
        try Headers.check(headers)
    }

    @Test(arguments: [
        (["": "x"], "no name"), (["a b": "x"], "\"a b\""), (["a=b": "x"], "\"a=b\""), (["a;": "x"], "\"a;\""),
        (["ä": "x"], "\"ä\""), (["a\tb": "x"], "\"a\u{FFFD}b\""),
        ([String(repeating: "n", count: 101): "v"], "101 bytes"),
        (["small": "1", "a": String(repeating: "v", count: 4096)], "\"a\" has 4097"),
        (many(33), "33 headers"),
    ])
    func refuses(headers: [String: String], mentions: String) {
        let error = #expect(throws: InvalidHeaders.self) { try Headers.check(headers) }
        #expect(error?.description.contains(mentions) == true, "\(error?.description ?? "")")
    }
}
