import Subprocess
import SystemPackage

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The program that a worker runs for each job: where it is, and what is kept of what it writes.
struct Program: Sendable {
    let path: FilePath
    let name: String
    let arguments: [String]
    /// How much of its standard output is kept as the result, in bytes.
    let resultLimit: Int
    /// Between SIGTERM and SIGKILL.
    let killGrace: Duration

    /// How much of its standard error is kept: the end of it.
    static let errorLimit = 64 << 10

    /// Finds the program once, so that a wrong name is told at the start and not by each job.
    init(_ words: [String], resultLimit: Int, killGrace: Duration) throws(CommandFailure) {
        guard let name = words.first, !name.isEmpty else {
            throw .usage("--exec: give a program, and its arguments after it")
        }
        self.name = name
        arguments = Array(words.dropFirst())
        self.resultLimit = resultLimit
        self.killGrace = killGrace
        path = FilePath(try Self.find(name))
    }

    private static func find(_ name: String) throws(CommandFailure) -> String {
        if name.contains("/") {
            if isExecutable(name) { return name }
            throw .usage("--exec: \(name) is not a file that can be run")
        }
        let search = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in search.split(separator: ":") {
            let candidate = "\(folder)/\(name)"
            if isExecutable(candidate) { return candidate }
        }
        throw .usage("--exec: there is no program \(name) on the PATH; give its path")
    }

    private static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }
}
