extension EmbeddedRedis {
    /// How often an append-only file reaches the disk; it survives a killed Redis with any of them.
    public enum AppendFsync: String, Sendable, CaseIterable {
        /// When the kernel sees fit.
        case no
        /// About once a second: a power cut loses up to two seconds of acknowledged writes.
        case everysec
        /// Before each reply.
        case always
    }

    /// What kind of server to start.
    public struct Options: Sendable {
        /// Where the data lives. Given: created if missing, kept, append-only file on. Nil: a temporary directory that
        /// is deleted at the end, append-only file off.
        public var directory: String?
        /// When appended writes reach the disk; without meaning for a temporary directory.
        public var appendFsync: AppendFsync
        /// The limit above which writes are refused (policy `noeviction`), in bytes; nil means none.
        public var maxMemory: Int?
        /// The password of the default user; it travels over a pipe, not on the command line.
        public var password: String?
        /// A TCP port on 127.0.0.1 besides the unix socket; nil means none.
        public var port: Int?
        /// Arguments for `redis-server`, such as `["--hz", "100"]`; they win over the settings made here.
        public var extraArguments: [String]
        /// The server to run. Nil: `$PENSTOCK_REDIS_SERVER`, else `redis-server` or `valkey-server` on the `PATH`,
        /// `/usr/sbin` and `/usr/local/bin`.
        public var binary: String?
        /// How long the server may say nothing while it starts. Loading a big file counts as saying something.
        public var startTimeout: Duration

        public init(
            directory: String? = nil,
            appendFsync: AppendFsync = .everysec,
            maxMemory: Int? = nil,
            password: String? = nil,
            port: Int? = nil,
            extraArguments: [String] = [],
            binary: String? = nil,
            startTimeout: Duration = .seconds(30)
        ) {
            self.directory = directory
            self.appendFsync = appendFsync
            self.maxMemory = maxMemory
            self.password = password
            self.port = port
            self.extraArguments = extraArguments
            self.binary = binary
            self.startTimeout = startTimeout
        }

        func validate() throws(EmbeddedRedisError) {
            if let maxMemory, maxMemory < 0 {
                throw EmbeddedRedisError(
                    .invalidOption, "maxMemory is \(maxMemory) bytes; give a positive number or nil.")
            }
            if let port, !(1...65_535).contains(port) {
                throw EmbeddedRedisError(.invalidOption, "port is \(port); give 1 to 65535, or nil for no TCP port.")
            }
            if let password, password.isEmpty || password.utf8.contains(0) {
                throw EmbeddedRedisError(.invalidOption, "password is empty or has a NUL; give nil for none.")
            }
            if let directory, directory.isEmpty || directory.utf8.contains(0) {
                throw EmbeddedRedisError(
                    .invalidOption, "directory is empty or has a NUL; give nil for a temporary one.")
            }
            guard startTimeout > .zero else {
                throw EmbeddedRedisError(.invalidOption, "startTimeout is \(startTimeout); give a positive duration.")
            }
        }
    }
}
