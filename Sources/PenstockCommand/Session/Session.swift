import EmbeddedRedis
import Logging
import Penstock

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One command's connection: a client, and the embedded Redis behind it if there is one.
enum Session {
    /// Runs `body` with a client, and ends everything afterwards, however `body` ends.
    static func run<Value>(
        _ options: ConnectionOptions, logger: Logger? = nil, memoryMark: Double? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Penstock) async throws -> Value
    ) async throws -> Value {
        let logger = logger ?? options.quietLogger
        guard options.isEmbedded else { return try await connect(to: url(options), options, logger, memoryMark, body) }
        let directory = options.embeddedDirectory
        let redis: EmbeddedRedis
        do throws(EmbeddedRedisError) {
            redis = try await EmbeddedRedis.start(.init(directory: directory))
        } catch {
            // Another command runs on the same directory: its server is ours as well.
            if error.code == .directoryInUse, let directory, let url = socketURL(in: directory) {
                return try await connect(to: url, options, logger, memoryMark, body)
            }
            throw error
        }
        do {
            let value = try await connect(to: redis.url, options, logger, memoryMark, body)
            await redis.stop()
            return value
        } catch {
            await redis.stop()
            throw error
        }
    }

    private static func connect<Value>(
        to url: String, _ options: ConnectionOptions, _ logger: Logger, _ memoryMark: Double?,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Penstock) async throws -> Value
    ) async throws -> Value {
        let namespace = try options.namespace ?? environment("PENSTOCK_NAMESPACE") ?? "penstock"
        do throws(InvalidName) {
            try Name.namespace.check(namespace)
        } catch {
            throw CommandFailure.usage("\(options.namespace == nil ? "PENSTOCK_NAMESPACE" : "--namespace"): \(error)")
        }
        let penstock: Penstock
        do throws(PenstockError) {
            penstock = try Penstock(.init(url: url, namespace: namespace, memoryMark: memoryMark), logger: logger)
        } catch {
            guard error.code == .invalidArgument else { throw error }
            throw CommandFailure.usage("\(options.redis == nil ? "PENSTOCK_REDIS_URL" : "--redis"): \(error.message)")
        }
        do {
            let value = try await body(penstock)
            await penstock.shutdown()
            return value
        } catch {
            await penstock.shutdown()
            throw error
        }
    }

    private static func url(_ options: ConnectionOptions) throws -> String {
        try options.redis ?? environment("PENSTOCK_REDIS_URL") ?? "redis://127.0.0.1:6379"
    }

    /// A variable that is set and not empty.
    private static func environment(_ name: String) throws -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    private static func socketURL(in directory: String) -> String? {
        guard let resolved = realpath(directory, nil) else { return nil }
        defer { free(resolved) }
        let path = String(cString: resolved) + "/redis.sock"
        guard path.utf8.count <= 107, access(path, R_OK | W_OK) == 0 else { return nil }
        let escaped = path.utf8.map { byte in
            let isPlain = byte == UInt8(ascii: "/") || Character(Unicode.Scalar(byte)).isPlainInURL
            return isPlain ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return "unix://" + escaped.joined()
    }
}

extension Character {
    fileprivate var isPlainInURL: Bool { isASCII && (isLetter || isNumber || "-._~".contains(self)) }
}
