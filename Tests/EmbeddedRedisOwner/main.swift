// A process that owns an embedded Redis and waits to be killed. Prints one line: the server's process id, its socket and
// its directory. An argument names the directory; without one it is temporary.

import EmbeddedRedis
import Glibc

let redis: EmbeddedRedis
do {
    redis = try await EmbeddedRedis.start(.init(directory: CommandLine.arguments.dropFirst().first))
} catch {
    print(error)
    exit(1)
}
print("\(redis.pid) \(redis.socketPath) \(redis.directory)")
fflush(nil)
// Sleeps because: it lives until it is killed, which is what its test is about.
while true { try await Task.sleep(for: .seconds(3_600)) }
