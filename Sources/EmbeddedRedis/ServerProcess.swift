import Glibc

/// One life of a `redis-server`: from its start until it is gone.
struct ServerProcess: Sendable {
    let process: GuardedProcess

    /// Starts the program and waits until it answers PING; when that fails, nothing is left running.
    static func launch(
        binary: String, options: EmbeddedRedis.Options, place: WorkingDirectory, lock: DirectoryLock
    ) async throws(EmbeddedRedisError) -> ServerProcess {
        let server: ServerProcess
        do {
            server = try spawn(binary: binary, options: options, place: place, lock: lock)
        } catch {
            throw EmbeddedRedisError(.startFailed, "\(binary) could not be started (\(error)).")
        }
        do throws(EmbeddedRedisError) {
            try await server.waitUntilReady(binary: binary, options: options, place: place)
        } catch {
            await server.process.finish()
            throw error
        }
        return server
    }

    private static func spawn(
        binary: String, options: EmbeddedRedis.Options, place: WorkingDirectory, lock: DirectoryLock
    ) throws(SystemError) -> ServerProcess {
        unlink(place.socketPath)
        rename(place.logPath, place.logPath + ".1")
        let input = try OwnedDescriptor.memory(holding: RedisConfiguration(options: options, place: place).text.utf8)
        let log = try OwnedDescriptor.open(place.logPath, O_WRONLY | O_CREAT | O_APPEND)
        let spawn = Spawn(
            program: binary, arguments: ["-"] + options.extraArguments, environment: environment,
            workingDirectory: place.path,
            descriptors: [input.number, log.number, log.number, lock.descriptor.number], processGroup: 0)
        let lastWill: GuardedProcess.LastWill =
            place.isTemporary ? .kill(removing: place.disposable) : .terminateThenKill(removing: place.disposable)
        return ServerProcess(process: try GuardedProcess(spawn, lastWill: lastWill))
    }

    /// The same server behaves the same for everybody: its locale does not depend on who started it.
    private static var environment: [String] {
        let kept = ["PATH", "HOME", "TZ", "LD_LIBRARY_PATH", "MALLOC_CONF"].compactMap { name in
            environmentVariable(name).map { "\(name)=\($0)" }
        }
        return kept + ["LC_ALL=C"]
    }

    private func waitUntilReady(
        binary: String, options: EmbeddedRedis.Options, place: WorkingDirectory
    ) async throws(EmbeddedRedisError) {
        var probe = ReadinessProbe(socketPath: place.socketPath, password: options.password)
        var deadline = ContinuousClock.now + options.startTimeout
        while true {
            switch probe.look() {
            case .ready: return
            case .loading: deadline = ContinuousClock.now + options.startTimeout
            case .silence: break
            case .refused(let reply):
                throw EmbeddedRedisError(
                    .startFailed, "\(binary) started, but answered a PING with: \(reply)", log: lastLines(place.logPath)
                )
            }
            if let exit = process.exit {
                throw EmbeddedRedisError(
                    .startFailed, "\(binary) ended while it was starting (\(exit)).", log: lastLines(place.logPath))
            }
            guard ContinuousClock.now < deadline else {
                throw EmbeddedRedisError(
                    .startFailed, "\(binary) did not answer within \(options.startTimeout).",
                    log: lastLines(place.logPath))
            }
            do {
                try await Task.sleep(for: .milliseconds(1), tolerance: .microseconds(200))
            } catch {
                throw EmbeddedRedisError(.cancelled, "The start of the embedded Redis was cancelled.")
            }
        }
    }

    /// Ends the server. One with data to keep is asked first and killed only if it takes longer than ten seconds.
    func stop(gracefully: Bool) async {
        if gracefully {
            process.signal(SIGCONT)
            process.signal(SIGTERM)
            _ = await process.waitForExit(within: .seconds(10))
        }
        await process.finish()
    }
}

/// The last lines of a log of any size.
package func lastLines(_ path: String, count: Int = 12) -> [String] {
    guard let file = try? OwnedDescriptor.open(path, O_RDONLY) else { return [] }
    let size = lseek(file.number, 0, SEEK_END)
    var bytes = [UInt8](repeating: 0, count: 8_192)
    let read = pread(file.number, &bytes, bytes.count, max(0, size - bytes.count))
    guard read > 0 else { return [] }
    return String(decoding: bytes[..<read], as: UTF8.self).split(separator: "\n").suffix(count).map(String.init)
}
