import Glibc
import Testing

/// EmbeddedRedisOwner, which lies beside the test bundle.
func ownerProgram() throws -> String {
    var path = [CChar](repeating: 0, count: 4_096)
    try #require(readlink("/proc/self/exe", &path, 4_095) > 0)
    let own = String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // Depending on the test runner, the running program or one of its arguments is the test bundle.
    for bundle in [own] + CommandLine.arguments {
        let folder = bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let program = (folder + ["EmbeddedRedisOwner"]).joined(separator: "/")
        if fileExists(program) { return program }
    }
    return "EmbeddedRedisOwner"
}
