import RedisClient
import Testing

@Suite("Redis URLs") struct RedisURLTests {
    struct Good: Sendable {
        var url: String
        var address: RedisConfiguration.Address
        var username: String?
        var password: String?
        var database = 0
    }

    static let good = [
        Good(url: "redis://localhost", address: .tcp(host: "localhost", port: 6379)),
        Good(url: "REDIS://localhost/", address: .tcp(host: "localhost", port: 6379)),
        Good(url: "redis://10.0.0.1:7000/3", address: .tcp(host: "10.0.0.1", port: 7000), database: 3),
        Good(url: "redis://[::1]", address: .tcp(host: "::1", port: 6379)),
        Good(url: "redis://[fe80::1]:1/15", address: .tcp(host: "fe80::1", port: 1), database: 15),
        Good(url: "redis://:secret@h", address: .tcp(host: "h", port: 6379), password: "secret"),
        Good(
            url: "redis://ann:p%40ss%2F%3a@h:65535/0", address: .tcp(host: "h", port: 65535), username: "ann",
            password: "p@ss/:"),
        Good(url: "redis://a:b:c@d@h", address: .tcp(host: "h", port: 6379), username: "a", password: "b:c@d"),
        Good(url: "unix:///run/redis.sock", address: .unixSocket(path: "/run/redis.sock")),
        Good(
            url: "unix:///a%20b?db=2&password=x%26y&user=u", address: .unixSocket(path: "/a b"), username: "u",
            password: "x&y", database: 2),
    ]

    @Test(arguments: good) func accepts(_ example: Good) throws {
        let configuration = try RedisConfiguration(url: example.url)
        #expect(configuration.address == example.address)
        #expect(configuration.username == example.username)
        #expect(configuration.password == example.password)
        #expect(configuration.database == example.database)
        try configuration.validate()
    }

    /// Each with a piece of the sentence that names the fault.
    static let bad: [(String, String)] = [
        ("", "no scheme"), ("localhost:6379", "no scheme"), ("http://h", "scheme \"http\""),
        ("rediss://h", "TLS"), ("redis://", "host is missing"), ("redis://:6379", "host is missing"),
        ("redis://h:", "port \"\""), ("redis://h:0", "port \"0\""), ("redis://h:65536", "port \"65536\""),
        ("redis://h:+1", "port \"+1\""), ("redis://h:99999999999999999999", "port"), ("redis://h:12a", "port \"12a\""),
        ("redis://h/x", "database \"x\""), ("redis://h/-1", "database \"-1\""), ("redis://h/1/2", "database \"1/2\""),
        ("redis://::1", "brackets"), ("redis://[::1", "without \"]\""), ("redis://[::1]x", "instead of \":port\""),
        ("redis://[h]", "not an IPv6"), ("redis://ann@h", "no password"), ("redis://ann:@h", "empty"),
        ("redis://:a/b@h", "%2F"), ("redis://:%zz@h", "hexadecimal"), ("redis://:%4@h", "hexadecimal"),
        ("redis://:%ff@h", "UTF-8"), ("redis://h?db=1", "no options"), ("redis://a b", "spaces"),
        ("redis://h%00", "control"), ("redis://h#1", "\"#\""), ("unix://run/redis.sock", "three slashes"),
        ("unix:///", "path of the socket is missing"), ("unix:///s?db=x", "database \"x\""),
        ("unix:///s?color=red", "option \"color\""), ("unix:///s?user=u", "no \"password\""),
        ("unix:///s?password=", "empty"), ("unix:///" + String(repeating: "x", count: 107), "107"),
    ]

    @Test(arguments: bad) func refuses(_ url: String, _ piece: String) throws {
        do throws(RedisError) {
            _ = try RedisConfiguration(url: url)
            Issue.record("\(url) was accepted")
        } catch {
            guard case .invalidConfiguration(let message) = error else { throw error }
            #expect(message.contains(piece), "\(message)")
            #expect(message.contains("Accepted are redis://"))
        }
    }

    @Test func neverShowsAPassword() throws {
        let configuration = try RedisConfiguration(url: "redis://ann:sesame@h:1/2")
        #expect(configuration.description == "redis://h:1/2")
        for url in ["redis://ann:sesame@h:x", "redis://:sesame@", "redis://:sesame/@h", "redis://:%sesame@h"] {
            do throws(RedisError) {
                _ = try RedisConfiguration(url: url)
                Issue.record("\(url) was accepted")
            } catch {
                #expect(!error.description.contains("sesame"), "\(error)")
            }
        }
    }

    @Test func namesAnInvalidField() throws {
        let changes: [(String, (inout RedisConfiguration) -> Void)] = [
            ("connectTimeout", { $0.connectTimeout = .zero }), ("commandTimeout", { $0.commandTimeout = .seconds(-1) }),
            ("blockingMargin", { $0.blockingMargin = .seconds(-1) }), ("database", { $0.database = -1 }),
            ("reconnectMinimum", { $0.reconnectMinimum = .seconds(3) }), ("username", { $0.username = "u" }),
            ("clientName", { $0.clientName = "a b" }),
        ]
        for (field, change) in changes {
            var configuration = RedisConfiguration(address: .tcp(host: "h", port: 1))
            change(&configuration)
            do throws(RedisError) {
                try configuration.validate()
                Issue.record("\(field) was accepted")
            } catch {
                #expect(error.description.contains(field))
            }
        }
    }
}
