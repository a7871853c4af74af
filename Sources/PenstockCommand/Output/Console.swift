#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Standard output and standard error: whole texts, written at once.
enum Console {
    static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    /// A text and a line feed to standard output. A reader that has gone away ends the program quietly.
    static func write(_ text: String) {
        guard write(text + "\n", to: STDOUT_FILENO) else { exit(1) }
    }

    /// Bytes to standard output, as they are.
    static func write(bytes: [UInt8]) {
        guard bytes.withUnsafeBytes({ write($0, to: STDOUT_FILENO) }) else { exit(1) }
    }

    static func writeError(_ text: String) { _ = write(text + "\n", to: STDERR_FILENO) }

    /// To standard error without a line feed, for what is drawn over.
    static func drawError(_ text: String) { _ = write(text, to: STDERR_FILENO) }
    static func draw(_ text: String) { _ = write(text, to: STDOUT_FILENO) }

    /// How many columns the terminal behind a descriptor has.
    static func columns(of descriptor: Int32) -> Int {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private static func write(_ text: String, to descriptor: Int32) -> Bool {
        var text = text
        return text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            #if canImport(Glibc)
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            #elseif canImport(Musl)
            let count = Musl.write(descriptor, rest.baseAddress, rest.count)
            #else
            let count = Darwin.write(descriptor, rest.baseAddress, rest.count)
            #endif
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN {
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&ready, 1, -1)
                    continue
                }
                return false
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }
}
