import Glibc
import Synchronization

/// A child process that ends with its owner, however the owner ends.
///
/// The kernel's own offer, PR_SET_PDEATHSIG, fires when the *thread* that spawned the child exits, and the threads of
/// Swift's pool come and go. So each child gets a **guard**: a `/bin/sh` that reads from a pipe whose only write end is
/// in the owner. Nothing is ever written; the kernel closes the write end when the owner is gone, by whatever death, the
/// guard's `read` returns, and it kills its own process group, which the child is in. Why this holds:
///
/// - The guard is started first, as leader of a new group, and the child joins that group *before* its program starts.
///   An owner that dies between the two leaves only a guard, which ends at once. One that dies while it is spawning
///   leaves a half-born child that itself holds a copy of the write end until its exec, so that the guard cannot act
///   before the child is in the group.
/// - `kill 0` names no process id. The number of a group cannot be given to anybody else as long as the guard is in it,
///   so no innocent process is ever hit, and strays of the child (Redis forks to save) are caught as well.
/// - Both are direct children of the owner, which reaps them: nothing is left to an init that may not reap.
/// - The pipe is close-on-exec and every spawn of ours closes what it does not list, so parallel spawns do not inherit
///   each other's write ends. (A host that *forks without exec* would keep them open: the price of the idea.)
/// - The guard ignores polite signals: when the owner of a *stopped* child dies, the kernel sends the orphaned group
///   SIGHUP, and Ctrl-C does not reach the group at all, so that the owner decides the order of its shutdown.
package final class GuardedProcess: Sendable {
    /// How a process ended.
    package enum Exit: Sendable, Equatable {
        case code(Int32)
        case signal(Int32)
    }

    /// What the guard does once its owner is gone.
    package enum LastWill: Sendable {
        /// SIGKILL for all; the listed directories are removed first.
        case kill(removing: [String] = [])
        /// SIGTERM, and SIGKILL two seconds later: for a child with data to write out.
        case terminateThenKill(removing: [String] = [])

        var script: String {
            let wait = "trap '' HUP INT QUIT TERM USR1 USR2; read -r _; "
            let remove = "[ $# -eq 0 ] || rm -rf -- \"$@\"; "
            let kill = "kill -s KILL 0"
            return switch self {
            case .kill: wait + remove + kill
            case .terminateThenKill: wait + "kill -s CONT 0; kill -s TERM 0; sleep 2; " + remove + kill
            }
        }

        var directories: [String] {
            switch self {
            case .kill(let directories), .terminateThenKill(let directories): directories
            }
        }
    }

    package let pid: Int32
    private let guardPID: Int32
    private let state: Mutex<State>

    private struct State: ~Copyable {
        var exit: Exit?
        var guardIsGone = false
        let lifeline: OwnedDescriptor
    }

    /// Starts the guard and then the program. `spawn.processGroup` is overwritten.
    package init(_ spawn: Spawn, lastWill: LastWill) throws(SystemError) {
        let lifeline = try OwnedDescriptor.pipe()
        let null = try OwnedDescriptor.open("/dev/null", O_RDWR)
        let guardPID = try Spawn(
            program: "/bin/sh", arguments: ["-c", lastWill.script, "penstock-guard"] + lastWill.directories,
            environment: ["PATH=/usr/bin:/bin"], workingDirectory: "/",
            descriptors: [lifeline.readEnd.number, null.number, null.number], processGroup: 0
        ).start()
        do {
            var spawn = spawn
            spawn.processGroup = guardPID
            pid = try spawn.start()
        } catch {
            Glibc.kill(guardPID, SIGKILL)
            _ = Self.reap(guardPID, blocking: true)
            throw error
        }
        self.guardPID = guardPID
        // The read end is closed here, when `lifeline` goes.
        state = Mutex(State(lifeline: lifeline.takeWriteEnd()))
    }

    deinit { finishNow() }

    /// How the process ended, or nil while it runs. Reaps it.
    package var exit: Exit? {
        state.withLock { state in
            if state.exit == nil { state.exit = Self.reap(pid, blocking: false) }
            return state.exit
        }
    }

    /// Sends a signal, unless the process has been reaped: its number may belong to somebody else by then.
    package func signal(_ number: Int32) {
        state.withLock { state in
            guard state.exit == nil else { return }
            Glibc.kill(pid, number)
        }
    }

    /// Stops the process (SIGSTOP) and returns when it stands still; gives up looking after 50 ms.
    package func suspend() {
        signal(SIGSTOP)
        for _ in 0..<1_000 {
            let isStopped = state.withLock { state in
                guard state.exit == nil else { return true }
                var info = siginfo_t()
                guard waitid(P_PID, id_t(pid), &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 else { return true }
                return info.si_signo != 0
            }
            if isStopped { return }
            // Sleeps because: the kernel tells nobody of a stop; it takes microseconds, and only tests suspend a server.
            usleep(50)
        }
    }

    /// Waits for the end of the process, at most `limit`; nil means that it still runs.
    ///
    /// A child's end cannot be awaited without a thread or a signal handler of the whole process, so this looks every
    /// few milliseconds, ever less often.
    package func waitForExit(within limit: Duration) async -> Exit? {
        let deadline = ContinuousClock.now + limit
        var interval = Duration.microseconds(500)
        while true {
            if let exit { return exit }
            guard ContinuousClock.now < deadline else { return nil }
            await pause(interval)
            interval = min(interval * 3 / 2, .milliseconds(10))
        }
    }

    /// Kills whatever is left of the process and its group, and reaps the process and its guard. Idempotent.
    package func finish() async {
        state.withLock { state in
            guard !state.guardIsGone else { return }
            Glibc.kill(-guardPID, SIGKILL)
        }
        while exit == nil { await pause(.microseconds(500)) }
        while !guardIsReaped() { await pause(.microseconds(500)) }
    }

    /// The same for a `deinit`: blocks, but only as long as the kernel takes to carry out a SIGKILL.
    package func finishNow() {
        state.withLock { state in
            guard !state.guardIsGone else { return }
            Glibc.kill(-guardPID, SIGKILL)
            if state.exit == nil { state.exit = Self.reap(pid, blocking: true) }
            _ = Self.reap(guardPID, blocking: true)
            state.guardIsGone = true
        }
    }

    private func guardIsReaped() -> Bool {
        state.withLock { state in
            if !state.guardIsGone { state.guardIsGone = Self.reap(guardPID, blocking: false) != nil }
            return state.guardIsGone
        }
    }

    private static func reap(_ pid: Int32, blocking: Bool) -> Exit? {
        var status: Int32 = 0
        while true {
            let result = waitpid(pid, &status, blocking ? 0 : WNOHANG)
            if result == 0 { return nil }
            if result < 0 && errno == EINTR { continue }
            // ECHILD: a host that ignores SIGCHLD had it reaped by the kernel; it is gone, and its status with it.
            guard result == pid else { return .code(-1) }
            let signal = status & 0x7f
            return signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
        }
    }
}
