import Glibc

/// Where one server keeps its data, its log, its socket and its lock.
///
/// A unix socket's path holds 107 bytes. Temporary directories are short by construction; a given one may be too
/// deep, and then the socket alone moves to a temporary directory.
struct WorkingDirectory: Sendable {
    let path: String
    let socketPath: String
    let isTemporary: Bool
    /// A temporary directory that holds nothing but the socket.
    let socketDirectory: String?

    var logPath: String { path + "/redis.log" }
    var lockPath: String { path + "/penstock.lock" }

    /// What has to go when the server ends for good.
    var disposable: [String] { isTemporary ? [path] : socketDirectory.map { [$0] } ?? [] }

    static func prepare(_ given: String?) throws(EmbeddedRedisError) -> WorkingDirectory {
        guard let given else {
            let path = try makeTemporary()
            return WorkingDirectory(
                path: path, socketPath: path + "/redis.sock", isTemporary: true, socketDirectory: nil)
        }
        try create(given)
        guard let resolved = realpath(given, nil) else { throw unusable(given, SystemError("realpath")) }
        defer { free(resolved) }
        let path = String(cString: resolved)
        guard access(path, W_OK | X_OK) == 0 else { throw unusable(path, SystemError("access")) }
        let socketPath = path + "/redis.sock"
        if socketPath.utf8.count <= 107 {
            return WorkingDirectory(path: path, socketPath: socketPath, isTemporary: false, socketDirectory: nil)
        }
        let socketDirectory = try makeTemporary()
        return WorkingDirectory(
            path: path, socketPath: socketDirectory + "/redis.sock", isTemporary: false,
            socketDirectory: socketDirectory)
    }

    /// Makes what is missing of it again, under the same names.
    func recreate() throws(EmbeddedRedisError) {
        for directory in [path] + (socketDirectory.map { [$0] } ?? []) { try Self.create(directory) }
    }

    /// Removes what is disposable; what a caller gave is kept, but for the socket, which no longer leads anywhere.
    func dispose() {
        unlink(socketPath)
        for directory in disposable { removeTree(directory) }
    }

    private static func create(_ path: String) throws(EmbeddedRedisError) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            guard mkdir(made, 0o700) != 0, errno != EEXIST else { continue }
            let failure = SystemError("mkdir")
            var status = stat()
            guard stat(made, &status) == 0 else { throw unusable(made, failure) }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw unusable(path, SystemError("open", number: ENOTDIR))
        }
    }

    private static func makeTemporary() throws(EmbeddedRedisError) -> String {
        do {
            return try makeTemporaryDirectory()
        } catch {
            throw unusable("/tmp", error)
        }
    }

    private static func unusable(_ path: String, _ cause: SystemError) -> EmbeddedRedisError {
        EmbeddedRedisError(
            .directoryUnusable,
            "The directory \(path) cannot be used (\(cause)). Give one that this user may create and write.")
    }
}
