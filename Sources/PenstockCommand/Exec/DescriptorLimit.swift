#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// How many files this process may have open; programs that run at once need some each.
enum DescriptorLimit {
    /// Three pipes with both ends while a program is started, and a handle on the process.
    private static let perProgram = 8
    private static let own = 64

    /// Raises the limit where so many programs need more, and only then, because programs inherit it.
    static func allow(programs: Int) throws(CommandFailure) {
        let needed = rlim_t(programs * perProgram + own)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < needed else { return }
        limit.rlim_cur = min(needed, limit.rlim_max)
        guard setrlimit(resource, &limit) == 0, limit.rlim_cur == needed else {
            throw .usage(
                "--concurrency \(programs) needs \(needed) open files and this process may have \(limit.rlim_max): "
                    + "raise the limit (ulimit -n) or run fewer at once")
        }
    }

    #if canImport(Glibc)
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    private static let resource = CInt(RLIMIT_NOFILE)
    #endif
}
