import Glibc
import Synchronization

/// A private `redis-server`, reached over a unix socket, that ends with its owner.
///
///     try await EmbeddedRedis.withRedis { redis in
///         print(redis.url)                                    // unix:///tmp/penstock-a1b2c3/redis.sock
///     }
///
/// It starts in milliseconds, so every test can have its own. With a `directory` its data survives; without one
/// nothing of it does. When the owner ends, by `stop`, by exit, by a crash or by SIGKILL, the server ends too (see
/// `GuardedProcess`). No event loop and no thread of Swift's pool is blocked by it.
public final class EmbeddedRedis: Sendable {
    public let options: Options
    private let binary: String
    private let place: WorkingDirectory
    private let state: Mutex<State>

    /// - `running`: exits to `changing` by stop, kill.
    /// - `changing`: one caller works on it, others wait; exits to any other state.
    /// - `killed`: the server is gone, its directory and the lock on it are still ours; exits to `changing`.
    /// - `stopped`: nothing is left; exits to `changing` by restart.
    private enum State {
        case running(ServerProcess, DirectoryLock)
        case changing
        case killed(DirectoryLock)
        case stopped
    }

    private init(
        options: Options, binary: String, place: WorkingDirectory, server: ServerProcess, lock: DirectoryLock
    ) {
        self.options = options
        self.binary = binary
        self.place = place
        lastPID = Mutex(server.process.pid)
        state = Mutex(.running(server, lock))
    }

    deinit {
        // A safety net for an owner that forgot `stop`. The lock goes last, when nothing runs any more.
        let last = state.withLock { $0 }
        switch last {
        case .stopped, .changing: break
        case .killed: place.dispose()
        case .running(let server, let lock):
            server.process.finishNow()
            place.dispose()
            withExtendedLifetime(lock) {}
        }
    }

    // MARK: Starting

    /// Starts a server and returns once it answers PING and has loaded its data.
    public static func start(_ options: Options = .init()) async throws(EmbeddedRedisError) -> EmbeddedRedis {
        try options.validate()
        let binary = try RedisBinary.locate(options.binary)
        let place = try WorkingDirectory.prepare(options.directory)
        let lock: DirectoryLock
        do throws(EmbeddedRedisError) {
            lock = try await DirectoryLock.acquire(place)
        } catch {
            // The directory is somebody else's; only the place of a socket that was moved away is ours.
            if let socketDirectory = place.socketDirectory { removeTree(socketDirectory) }
            throw error
        }
        do throws(EmbeddedRedisError) {
            let server = try await ServerProcess.launch(binary: binary, options: options, place: place, lock: lock)
            return EmbeddedRedis(options: options, binary: binary, place: place, server: server, lock: lock)
        } catch {
            place.dispose()
            throw error
        }
    }

    /// Runs `body` with a server that is stopped when `body` ends, however it ends.
    @discardableResult
    public static func withRedis<T>(
        _ options: Options = .init(),
        isolation: isolated (any Actor)? = #isolation,
        _ body: (EmbeddedRedis) async throws -> T
    ) async throws -> T {
        let redis = try await start(options)
        do {
            let result = try await body(redis)
            await redis.stop()
            return result
        } catch {
            await redis.stop()
            throw error
        }
    }

    // MARK: Where it is

    /// Where clients connect: `unix:///path`, or `unix://:password@/path`, percent-encoded.
    public var url: String { unixURL(path: place.socketPath, password: options.password) }

    public var socketPath: String { place.socketPath }
    /// The directory of its data and its log, `redis.log`.
    public var directory: String { place.path }
    /// The process id of the server; after it has ended, the last one it had.
    public var pid: Int32 { lastPID.withLock { $0 } }

    private let lastPID: Mutex<Int32>

    /// Whether the server process exists (it may be suspended).
    public var isRunning: Bool {
        state.withLock { state in
            switch state {
            case .running(let server, _): server.process.exit == nil
            case .changing, .killed, .stopped: false
            }
        }
    }

    /// The last lines of the server's log.
    public func recentLog() -> [String] { lastLines(place.logPath) }

    // MARK: Ending and coming back

    /// Ends the server and waits until it is gone; a temporary directory goes with it. May be called again.
    ///
    /// A server with data to keep gets SIGTERM and ten seconds; a temporary one, which has none, is killed at once
    /// (Redis looks at a SIGTERM only ten times a second).
    public func stop() async {
        switch await begin() {
        case .stopped:
            end(.stopped)
        case .killed(let lock):
            place.dispose()
            lock.release()
            end(.stopped)
        case .running(let server, let lock):
            await server.stop(gracefully: !place.isTemporary)
            place.dispose()
            lock.release()
            end(.stopped)
        case .changing: preconditionFailure("begin() waits until no other change is under way")
        }
    }

    /// SIGKILL, and waits until it is gone. The directory stays, for `restart`.
    public func kill() async {
        switch await begin() {
        case .stopped: end(.stopped)
        case .killed(let lock): end(.killed(lock))
        case .running(let server, let lock):
            await server.stop(gracefully: false)
            end(.killed(lock))
        case .changing: preconditionFailure("begin() waits until no other change is under way")
        }
    }

    /// Starts the server again, with the same options, directory and socket, after `stop`, `kill` or its own end.
    public func restart() async throws(EmbeddedRedisError) {
        switch await begin() {
        case .running(let server, let lock):
            guard server.process.exit != nil else {
                end(.running(server, lock))
                throw EmbeddedRedisError(.alreadyRunning, "The embedded Redis is running; stop or kill it first.")
            }
            await server.stop(gracefully: false)
            try await relaunch(lock)
        case .killed(let lock):
            try await relaunch(lock)
        case .stopped:
            let lock: DirectoryLock
            do throws(EmbeddedRedisError) {
                try place.recreate()
                lock = try await DirectoryLock.acquire(place)
            } catch {
                end(.stopped)
                throw error
            }
            try await relaunch(lock)
        case .changing: preconditionFailure("begin() waits until no other change is under way")
        }
    }

    /// Freezes the server (SIGSTOP): connections stay open and nothing answers. Returns when it stands still.
    public func suspend() {
        withServer { $0.process.suspend() }
    }

    /// Lets a suspended server go on (SIGCONT).
    public func resume() {
        withServer { $0.process.signal(SIGCONT) }
    }

    private func withServer(_ body: (ServerProcess) -> Void) {
        state.withLock { state in
            if case .running(let server, _) = state { body(server) }
        }
    }

    private func relaunch(_ lock: DirectoryLock) async throws(EmbeddedRedisError) {
        do throws(EmbeddedRedisError) {
            let server = try await ServerProcess.launch(binary: binary, options: options, place: place, lock: lock)
            lastPID.withLock { $0 = server.process.pid }
            end(.running(server, lock))
        } catch {
            end(.killed(lock))
            throw error
        }
    }

    /// Takes the state out for one caller; the others wait, looking every millisecond.
    private func begin() async -> State {
        while true {
            if let taken = tryBegin() { return taken }
            await pause(.milliseconds(1))
        }
    }

    private func tryBegin() -> State? {
        state.withLock { state in
            if case .changing = state { return nil }
            defer { state = .changing }
            return state
        }
    }

    private func end(_ next: State) {
        state.withLock { $0 = next }
    }
}
