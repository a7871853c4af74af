import Glibc

/// Finds the program to run.
enum RedisBinary {
    static func locate(_ given: String?) throws(EmbeddedRedisError) -> String {
        if let given { return try named(given, by: "the option `binary`") }
        if let variable = environmentVariable("PENSTOCK_REDIS_SERVER"), !variable.isEmpty {
            return try named(variable, by: "$PENSTOCK_REDIS_SERVER")
        }
        if let found = search("redis-server") ?? search("valkey-server") { return found }
        throw EmbeddedRedisError(
            .binaryMissing,
            "redis-server is not installed (looked in \(folders.joined(separator: ":"))). Install it with "
                + "`apt-get install redis-server`, or name one in $PENSTOCK_REDIS_SERVER.")
    }

    private static func named(_ name: String, by source: String) throws(EmbeddedRedisError) -> String {
        if name.contains("/") ? isProgram(name) : false { return name }
        if !name.contains("/"), let found = search(name) { return found }
        throw EmbeddedRedisError(
            .binaryMissing,
            "\(source) names \(name), which is not an executable file. Correct it, or leave it out and install the "
                + "server with `apt-get install redis-server`.")
    }

    private static func search(_ name: String) -> String? {
        folders.lazy.map { $0 + "/" + name }.first(where: isProgram)
    }

    private static var folders: [String] {
        let path = (environmentVariable("PATH") ?? "").split(separator: ":").map(String.init)
        return path + ["/usr/bin", "/usr/sbin", "/usr/local/bin"].filter { !path.contains($0) }
    }

    private static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}

func environmentVariable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}
