#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A file, or standard input for "-", read piece by piece.
final class InputFile {
    let name: String
    /// How long it is; nil for a pipe or terminal.
    let size: Int?
    private let descriptor: Int32

    init(_ path: String, option: String) throws(CommandFailure) {
        name = path == "-" ? "standard input" : path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .usage("\(option): \(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            throw .usage("\(option): \(path) is a directory; give a file, or - for standard input")
        }
        size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    deinit {
        if descriptor != STDIN_FILENO { close(descriptor) }
    }

    /// Appends up to a mebibyte; false at the end. It may wait for whoever writes: a command that reads has nothing
    /// else to do meanwhile.
    func read(into bytes: inout [UInt8], atMost count: Int = 1 << 20) throws(CommandFailure) -> Bool {
        let old = bytes.count
        var got = 0
        bytes.append(contentsOf: repeatElement(0, count: count))
        repeat {
            got = bytes.withUnsafeMutableBytes { buffer in
                systemRead(descriptor, UnsafeMutableRawBufferPointer(rebasing: buffer[old...]))
            }
        } while got < 0 && errno == EINTR
        bytes.removeLast(count - max(got, 0))
        guard got >= 0 else {
            throw .file("\(name) cannot be read: \(String(cString: strerror(errno)))")
        }
        return got > 0
    }

    /// Whether a read would answer at once.
    var isReady: Bool {
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&state, 1, 0) != 0
    }

    /// Everything, up to a limit.
    func readAll(limit: Int) throws(CommandFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= limit, try read(into: &bytes) {}
        guard bytes.count <= limit else {
            throw .usage("\(name) is larger than the largest payload, \(HumanText.bytes(limit))")
        }
        return bytes
    }
}

private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, buffer.baseAddress, buffer.count)
}
