import Glibc

/// The right to run a server on a directory: an flock on a file in it.
///
/// The server inherits the locked file, so that the lock lasts as long as the longer-lived of owner and server: an owner
/// that was killed leaves a server that is still writing out its last data, and nobody may start a second one on it.
final class DirectoryLock: Sendable {
    let descriptor: OwnedDescriptor

    private init(descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }

    /// Takes the lock, or says who has it. A holder whose owner is already dead is about to end (its guard sees to
    /// that within two seconds), and is waited for: a service that is restarted after a crash just starts.
    static func acquire(_ place: WorkingDirectory) async throws(EmbeddedRedisError) -> DirectoryLock {
        let descriptor: OwnedDescriptor
        do {
            descriptor = try OwnedDescriptor.open(place.lockPath, O_RDWR | O_CREAT)
        } catch {
            throw EmbeddedRedisError(.directoryUnusable, "\(place.lockPath) cannot be opened (\(error)).")
        }
        let deadline = ContinuousClock.now + .seconds(5)
        while flock(descriptor.number, LOCK_EX | LOCK_NB) != 0 {
            let owner = readOwner(descriptor.number)
            let isOrphaned = owner.map { kill($0, 0) != 0 && errno == ESRCH } ?? false
            guard isOrphaned, ContinuousClock.now < deadline, !Task.isCancelled else {
                throw EmbeddedRedisError(
                    .directoryInUse,
                    "The directory \(place.path) is in use by another embedded Redis"
                        + (owner.map { " (of process \($0))" } ?? "")
                        + ". Stop that one, connect to it at unix://\(place.socketPath), or give another directory.")
            }
            await pause(.milliseconds(5))
        }
        let owner = Array("\(getpid())\n".utf8)
        ftruncate(descriptor.number, 0)
        _ = pwrite(descriptor.number, owner, owner.count, 0)
        return DirectoryLock(descriptor: descriptor)
    }

    /// Unlocks for all who share the file: a process that is just being forked elsewhere must not hold on to it.
    /// Only once the server is gone. A lock that is let go of without this lasts as long as the server does.
    func release() { flock(descriptor.number, LOCK_UN) }

    private static func readOwner(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
