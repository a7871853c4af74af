import Glibc

/// Asks a starting server, over its unix socket and without ever blocking, whether it answers.
struct ReadinessProbe: ~Copyable {
    enum Answer: Equatable {
        /// No socket yet, or no reply yet.
        case silence
        /// It lives, and reads its data (`-LOADING`).
        case loading
        case ready
        /// It answers, but not to a PING: what it said.
        case refused(String)
    }

    private let socketPath: String
    private let password: String?
    private var connection: OwnedDescriptor?
    private var received: [UInt8] = []
    private var expected: [Expected] = []

    private enum Expected { case authentication, pong }

    init(socketPath: String, password: String?) {
        self.socketPath = socketPath
        self.password = password
    }

    /// Looks once. Call it again a moment later, until the answer is the one hoped for.
    mutating func look() -> Answer {
        guard connection != nil || connect() else { return .silence }
        if expected.isEmpty { ask() }
        receive()
        var answer = Answer.silence
        while let line = nextLine() {
            guard !expected.isEmpty else { break }
            let question = expected.removeFirst()
            if line.hasPrefix("-LOADING") {
                answer = .loading
            } else if line.hasPrefix("-") {
                return .refused(String(line.dropFirst()))
            } else if question == .pong {
                return .ready
            }
        }
        return answer
    }

    private mutating func connect() -> Bool {
        guard
            let made = try? OwnedDescriptor(
                takingOver: socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0))
        else { return false }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8.prefix($0.count - 1)) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(made.number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { return false }
        connection = consume made
        received = []
        expected = []
        return true
    }

    private mutating func ask() {
        var request = ""
        if let password {
            request += "*2\r\n$4\r\nAUTH\r\n$\(password.utf8.count)\r\n\(password)\r\n"
            expected.append(.authentication)
        }
        request += "*1\r\n$4\r\nPING\r\n"
        expected.append(.pong)
        let bytes = Array(request.utf8)
        // Far below a socket's buffer, so it is taken whole or the connection is broken.
        if send(connectionNumber, bytes, bytes.count, Int32(MSG_NOSIGNAL)) != bytes.count { disconnect() }
    }

    private mutating func receive() {
        var chunk = [UInt8](repeating: 0, count: 512)
        while connection != nil {
            let count = recv(connectionNumber, &chunk, chunk.count, 0)
            if count > 0 {
                received += chunk[..<count]
            } else {
                if count == 0 || (errno != EAGAIN && errno != EINTR) { disconnect() }
                return
            }
        }
    }

    private mutating func nextLine() -> String? {
        guard let end = received.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { received.removeSubrange(...end) }
        return String(decoding: received[..<end].filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }

    private mutating func disconnect() {
        connection = nil
        expected = []
    }

    private var connectionNumber: Int32 {
        switch connection {
        case .some(let descriptor): descriptor.number
        case .none: -1
        }
    }
}
