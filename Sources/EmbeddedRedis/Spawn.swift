import CSystemCalls
import Glibc

/// A program to start, and everything it inherits: nothing but what is written here.
package struct Spawn: Sendable {
    package var program: String
    package var arguments: [String]
    package var environment: [String]
    package var workingDirectory: String?
    /// Which of our descriptors becomes which number in the child, 0, 1, 2, ... without a gap.
    package var descriptors: [Int32]
    /// The group that the child joins before its program starts; 0 makes it the leader of a new one.
    package var processGroup: Int32

    package init(
        program: String, arguments: [String], environment: [String], workingDirectory: String?, descriptors: [Int32],
        processGroup: Int32 = 0
    ) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.descriptors = descriptors
        self.processGroup = processGroup
    }

    /// Starts the program and returns its process id.
    ///
    /// Signals are unblocked and at their defaults in the child, whatever the owner did to its own (SwiftNIO ignores
    /// SIGPIPE). Descriptors above the listed ones are closed, even those that a careless host opened inheritable: a
    /// listening socket of the host must not live on in a database.
    package func start() throws(SystemError) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, source) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
        }
        penstock_spawn_close_from(&actions, Int32(descriptors.count))
        if let workingDirectory { penstock_spawn_change_directory(&actions, workingDirectory) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        sigdelset(&all, SIGKILL)
        sigdelset(&all, SIGSTOP)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, processGroup)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let argumentPointers = ([program] + arguments).map { strdup($0) } + [nil]
        let environmentPointers = environment.map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }

        var pid: pid_t = 0
        let failure = posix_spawn(&pid, program, &actions, &attributes, argumentPointers, environmentPointers)
        guard failure == 0 else { throw SystemError("start \(program)", number: failure) }
        return pid
    }
}
