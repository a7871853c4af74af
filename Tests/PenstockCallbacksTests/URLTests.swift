import Testing

@testable import PenstockCallbacks

@Suite struct URLTests {
    struct Parts: Sendable {
        let url: String
        var isTLS = true
        let host: String
        let port: Int
        let target: String
        let header: String
        let shown: String
    }

    @Test(
        "a URL is taken apart",
        arguments: [
            Parts(
                url: "https://hooks.example.com/a/b?c=d", host: "hooks.example.com", port: 443, target: "/a/b?c=d",
                header: "hooks.example.com", shown: "https://hooks.example.com/a/b"),
            Parts(
                url: "HTTP://Hooks.Example.COM", isTLS: false, host: "hooks.example.com", port: 80, target: "/",
                header: "hooks.example.com", shown: "http://hooks.example.com/"),
            Parts(
                url: "http://localhost:8080/abc", isTLS: false, host: "localhost", port: 8080, target: "/abc",
                header: "localhost:8080", shown: "http://localhost:8080/abc"),
            Parts(
                url: "https://example.com?token=x#y", host: "example.com", port: 443, target: "/?token=x",
                header: "example.com", shown: "https://example.com/"),
            Parts(
                url: "https://example.com#/a@b", host: "example.com", port: 443, target: "/", header: "example.com",
                shown: "https://example.com/"),
            Parts(
                url: "https://example.com/a@b:c//d", host: "example.com", port: 443, target: "/a@b:c//d",
                header: "example.com",
                shown: "https://example.com/a@b:c//d"),
            Parts(
                url: "https://192.0.2.7:8443/", host: "192.0.2.7", port: 8443, target: "/", header: "192.0.2.7:8443",
                shown: "https://192.0.2.7:8443/"),
            Parts(
                url: "https://[2001:DB8::7]/x", host: "2001:db8::7", port: 443, target: "/x", header: "[2001:db8::7]",
                shown: "https://[2001:db8::7]/x"),
            Parts(
                url: "http://[::1]:80/x", isTLS: false, host: "::1", port: 80, target: "/x", header: "[::1]",
                shown: "http://[::1]/x"),
            Parts(
                url: "https://a_b.example-1.com./", host: "a_b.example-1.com.", port: 443, target: "/",
                header: "a_b.example-1.com.", shown: "https://a_b.example-1.com./"),
        ])
    func parts(expected: Parts) throws {
        let url = try CallbackURL(expected.url)
        #expect(url.isTLS == expected.isTLS)
        #expect(url.host == expected.host)
        #expect(url.address == IPAddress(expected.host))
        #expect(url.port == expected.port)
        #expect(url.target == expected.target)
        #expect(url.hostHeader == expected.header)
        #expect(url.shown == expected.shown)
    }

    @Test(
        "what is no URL for callbacks is refused with the way out",
        arguments: [
            ("", "no scheme"), ("example.com/x", "no scheme"), ("//example.com", "no scheme"),
            ("https:/example.com", "no scheme"),
            ("ftp://example.com", "neither https nor http"), ("http+unix://%2Ftmp%2Fx/y", "neither"),
            ("file:///etc/passwd", "neither"),
            ("https://user:secret@example.com/", "user or password"),
            ("https://secret@example.com/", "user or password"),
            ("https://@example.com/", "user or password"), ("https://a@b@example.com/", "user or password"),
            ("https:///x", "no host"), ("https://", "no host"), ("https://:443/", "no host"), ("https://?x", "no host"),
            ("https://example.com:/", "port"), ("https://example.com:0/", "port"),
            ("https://example.com:65536/", "port"),
            ("https://example.com:-1/", "port"), ("https://example.com:+80/", "port"),
            ("https://example.com:80:80/", "port"),
            ("https://example.com:http/", "port"), ("https://example.com:99999999999999999999/", "port"),
            ("https://exa mple.com/", "percent-encode"), ("https://example.com/a b", "percent-encode"),
            ("https://example.com/\r\nhost:x", "percent-encode"), ("https://example.com\\@evil.com/", "percent-encode"),
            ("https://exämple.com/", "percent-encode"), ("https://example.com/\u{0}", "percent-encode"),
            ("\thttps://a/", "percent-encode"),
            ("https://127.0.0.1%2f@x/", "user or password"), ("https://ex%61mple.com/", "no name"),
            ("https://a..b/", "no name"),
            ("https://.a/", "no name"), ("https://a*b/", "no name"),
            ("https://\(String(repeating: "a", count: 64)).com/", "no name"),
            ("https://\(String(repeating: "a.", count: 127))com/", "no name"),
            ("https://2130706433/", "looks like an address"), ("https://0x7f000001/", "looks like an address"),
            ("https://017700000001/", "looks like an address"), ("https://127.1/", "looks like an address"),
            ("https://0177.0.0.1/", "looks like an address"), ("https://127.0.0.1./", "looks like an address"),
            ("https://127.0.0.0x1/", "looks like an address"), ("https://1.2.3.4.5/", "looks like an address"),
            ("https://256.0.0.1/", "looks like an address"), ("https://0x/", "looks like an address"),
            ("https://a.1/", "looks like an address"),
            ("https://[fe80::1%25eth0]/", "without a zone"), ("https://[fe80::1%eth0]/", "without a zone"),
            ("https://[127.0.0.1]/", "no IPv6 address"), ("https://[]/", "no IPv6 address"),
            ("https://[::1/", "] is missing"),
            ("https://[::1]80/", "other than a port"), ("https://::1/", "no host"), ("https://fe80::1/", "port"),
            ("https://example.com/" + String(repeating: "x", count: 2048), "at most 2048"),
        ])
    func refusals(text: String, problem: String) {
        let error = #expect(throws: CallbackURL.Problem.self) { try CallbackURL(text) }
        #expect(error?.text.contains(problem) == true)
    }

    @Test(
        "what is shown of a text that is no URL tells no password, query or control character",
        arguments: [
            ("https://user:secret@example.com/x?token=secret", "...@example.com/x"),
            ("https://user:se/cr@et@example.com", "...@example.com"),
            ("https//example.com?secret", "https//example.com"),
            ("a\u{1B}[31mb", "a\u{FFFD}[31mb"),
            (String(repeating: "a", count: 300), String(repeating: "a", count: 200)),
        ])
    func redaction(text: String, shown: String) {
        #expect(CallbackURL.redacted(text) == shown)
    }

    @Test(
        "Retry-After is a time of up to an hour",
        arguments: [
            ("120", 120), (" 120 ", 120), ("3600", 3600), ("3601", 3600), ("99999999999999999999999", 3600), ("0", nil),
            ("-5", nil), ("1.5", nil),
            ("", nil), ("soon", nil),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("Sun, 06 Nov 1994 08:49:00 GMT", nil),
            ("Sun, 06 Nov 1994 08:48:00 GMT", nil),
            ("Mon, 07 Nov 1994 08:49:37 GMT", 3600), ("Sunday, 06-Nov-94 08:49:37 GMT", nil),
            ("Sun, 06 Foo 1994 08:49:37 GMT", nil),
        ])
    func retryAfter(text: String, seconds: Int?) {
        // 1994-11-06T08:49:00Z
        #expect(RetryAfter.duration(text, now: 784_111_740) == seconds.map { .seconds($0) })
    }

    @Test(
        "dates are counted over leap days and centuries",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:10 GMT", 0), ("Tue, 29 Feb 2000 00:00:10 GMT", 951_782_400),
            ("Wed, 01 Mar 2000 00:00:10 GMT", 951_868_800), ("Thu, 31 Dec 2026 00:00:10 GMT", 1_798_675_200),
            ("Mon, 01 Mar 2100 00:00:10 GMT", 4_107_542_400),
        ])
    func dates(text: String, now: Int64) {
        #expect(RetryAfter.duration(text, now: now) == .seconds(10))
    }
}
