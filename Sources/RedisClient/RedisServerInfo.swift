/// Who answered: captured from `INFO server` each time a connection is made.
public struct RedisServerInfo: Sendable, Equatable {
    /// The version as a string, such as `7.0.15`. Valkey reports the Redis version it is compatible with.
    public let version: String
    /// Its first number.
    public let majorVersion: Int
    /// Its second number.
    public let minorVersion: Int
    /// The random id of this life of the server: another one after every restart.
    public let runID: String
    /// `standalone`, `cluster` or `sentinel`.
    public let mode: String
    /// The program: `redis`, or `valkey` where the server says so.
    public let program: String

    /// Reads the answer to `INFO server`; nil when it names no version.
    init?(info: String) {
        var fields: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        guard let version = fields["redis_version"] else { return nil }
        let numbers = version.split(separator: ".").map { Int($0) }
        guard let first = numbers.first, let major = first else { return nil }
        self.version = String(version)
        majorVersion = major
        minorVersion = numbers.count > 1 ? numbers[1] ?? 0 : 0
        runID = fields["run_id"].map(String.init) ?? ""
        mode = fields["redis_mode"].map(String.init) ?? "standalone"
        program = fields["server_name"].map(String.init) ?? "redis"
    }

    /// The oldest version that is accepted.
    static let neededMajorVersion = 7
}
