import Crypto
import EmbeddedRedis
import Glibc

/// SHA-256 of a file of any size, in constant memory.
enum FileDigest {
    private static let piece = 1 << 18

    static func sha256(of file: FileName) async throws -> (hex: String, bytes: Int) {
        let descriptor = try open(file)
        var status = stat()
        guard fstat(descriptor.number, &status) == 0 else { throw SystemError("stat \(file)") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("read \(file)", number: EINVAL) }
        var buffer = [UInt8](repeating: 0, count: min(Self.piece, max(Int(status.st_size) + 1, 512)))
        var hash = SHA256()
        var total = 0
        while true {
            let count = read(descriptor.number, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read \(file)") }
            if count == 0 { break }
            buffer.withUnsafeBytes { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            total += count
            if count == Self.piece {
                // A long file must not keep the others, or the heartbeat, from their turn.
                try Task.checkCancellation()
                await Task.yield()
            }
        }
        return (hex(hash.finalize()), total)
    }

    private static func open(_ file: FileName) throws(SystemError) -> OwnedDescriptor {
        let descriptor = file.withCString { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw SystemError("open \(file)") }
        return try OwnedDescriptor(takingOver: descriptor)
    }

    private static func hex(_ digest: SHA256.Digest) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
