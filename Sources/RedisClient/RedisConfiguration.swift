/// Where Redis is and how long to wait for it.
public struct RedisConfiguration: Sendable, Equatable {
    /// The place to connect to.
    public enum Address: Sendable, Hashable {
        /// A host name or IP address (IPv6 without brackets) and a port.
        case tcp(host: String, port: Int)
        /// The path of a unix socket.
        case unixSocket(path: String)
    }

    /// Where Redis listens.
    public var address: Address
    /// The user of an access control list; nil for the default user.
    public var username: String?
    /// The password; nil when none is needed.
    public var password: String?
    /// The number of the database; 0 by default.
    public var database: Int = 0
    /// The name by which `CLIENT LIST` shows the connections; printable ASCII without spaces, nil for none.
    public var clientName: String?
    /// How long one attempt to connect may take, from the name look-up to the end of the handshake; 5 s by default.
    public var connectTimeout: Duration = .seconds(5)
    /// How long a command may take, waiting for a connection included; 10 s by default.
    public var commandTimeout: Duration = .seconds(10)
    /// What callers of a blocking connection add to the blocking time they ask of Redis, to get the deadline after which
    /// the connection counts as dead; 2 s by default.
    public var blockingMargin: Duration = .seconds(2)
    /// The pause after the first failed attempt to connect; it doubles with each further one. 20 ms by default.
    public var reconnectMinimum: Duration = .milliseconds(20)
    /// The longest pause between two attempts to connect; 2 s by default. Every pause is shortened by a random part of
    /// up to a half, so that many clients do not come back at one moment.
    public var reconnectMaximum: Duration = .seconds(2)

    /// A configuration for `address`, everything else at its default.
    public init(address: Address) {
        self.address = address
    }

    /// Parses `redis://[user[:password]@]host[:port][/database]` or
    /// `unix:///path[?db=number&user=name&password=secret]`; user, password and path may be percent-encoded.
    ///
    /// - Throws: `RedisError.invalidConfiguration`, naming the part that is wrong and the accepted forms.
    public init(url: String) throws(RedisError) {
        self = try RedisURL(url).configuration
    }

    /// Checks what a type cannot.
    ///
    /// - Throws: `RedisError.invalidConfiguration`, naming the field. A client with an invalid configuration throws the
    ///   same from every call.
    public func validate() throws(RedisError) {
        let durations = [
            ("connectTimeout", connectTimeout), ("commandTimeout", commandTimeout),
            ("reconnectMinimum", reconnectMinimum), ("reconnectMaximum", reconnectMaximum),
        ]
        for (name, value) in durations where value <= .zero {
            throw .invalidConfiguration("\(name) is \(value); it must be longer than zero.")
        }
        guard blockingMargin >= .zero else {
            throw .invalidConfiguration("blockingMargin is \(blockingMargin); it must not be negative.")
        }
        guard reconnectMinimum <= reconnectMaximum else {
            throw .invalidConfiguration(
                "reconnectMinimum (\(reconnectMinimum)) is longer than reconnectMaximum (\(reconnectMaximum)).")
        }
        guard database >= 0 else {
            throw .invalidConfiguration("database is \(database); it must be 0 or more.")
        }
        guard username == nil || password != nil else {
            throw .invalidConfiguration("username is set but password is not; Redis needs both or only a password.")
        }
        if let clientName, !clientName.utf8.allSatisfy({ (33...126).contains($0) }) {
            throw .invalidConfiguration("clientName may hold printable ASCII without spaces only.")
        }
    }
}

extension RedisConfiguration: CustomStringConvertible {
    /// The address as a URL, without user and password: fit for logs.
    public var description: String {
        switch address {
        case .tcp(let host, let port):
            "redis://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)"
        case .unixSocket(let path): "unix://\(path)\(database == 0 ? "" : "?db=\(database)")"
        }
    }
}
