import CSystemCalls
import Glibc

/// A file descriptor that is closed when its owner lets go of it.
///
/// Every one is opened close-on-exec and lies at 10 or above, so that placing descriptors at 0...3 in a child can never
/// overwrite one that has still to be placed.
package struct OwnedDescriptor: ~Copyable, Sendable {
    package let number: Int32

    /// Takes over a descriptor that the caller opened with close-on-exec.
    package init(takingOver opened: Int32) throws(SystemError) {
        guard opened >= 0 else { throw SystemError("open") }
        if opened >= 10 {
            number = opened
            return
        }
        let moved = fcntl(opened, F_DUPFD_CLOEXEC, 10)
        let failure = SystemError("fcntl")
        close(opened)
        guard moved >= 0 else { throw failure }
        number = moved
    }

    package static func open(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws(SystemError) -> Self {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemError("open \(path)") }
        return try Self(takingOver: descriptor)
    }

    /// A pipe of which neither end survives an exec: a child gets only the end that is placed in it on purpose.
    package static func pipe() throws(SystemError) -> Pipe {
        var ends: [Int32] = [-1, -1]
        guard penstock_pipe(&ends) == 0 else { throw SystemError("pipe") }
        let readEnd: OwnedDescriptor
        do {
            readEnd = try OwnedDescriptor(takingOver: ends[0])
        } catch {
            close(ends[1])
            throw error
        }
        return Pipe(readEnd: readEnd, writeEnd: try OwnedDescriptor(takingOver: ends[1]))
    }

    /// A nameless file in memory that holds `bytes`, positioned at its start: a child's standard input of any size
    /// that nobody has to feed.
    package static func memory(holding bytes: some Collection<UInt8>) throws(SystemError) -> Self {
        let descriptor = try Self(takingOver: penstock_memory_file("penstock"))
        let content = Array(bytes)
        var written = 0
        while written < content.count {
            let count = content.withUnsafeBytes {
                write(
                    descriptor.number, UnsafeRawBufferPointer(rebasing: $0[written...]).baseAddress, $0.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw SystemError("write to memory file") }
            written += count
        }
        guard lseek(descriptor.number, 0, SEEK_SET) == 0 else { throw SystemError("lseek") }
        return descriptor
    }

    /// Gives the descriptor away: from here on the caller closes it.
    package consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    deinit { close(number) }
}

/// The two ends of a pipe.
package struct Pipe: ~Copyable, Sendable {
    package var readEnd: OwnedDescriptor
    package var writeEnd: OwnedDescriptor

    package init(readEnd: consuming OwnedDescriptor, writeEnd: consuming OwnedDescriptor) {
        self.readEnd = readEnd
        self.writeEnd = writeEnd
    }

    /// Keeps one end and closes the other.
    package consuming func takeReadEnd() -> OwnedDescriptor { readEnd }
    package consuming func takeWriteEnd() -> OwnedDescriptor { writeEnd }
}
