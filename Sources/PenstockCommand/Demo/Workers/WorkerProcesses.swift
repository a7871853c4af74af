import EmbeddedRedis
import Glibc
import Penstock
import Synchronization

/// The worker processes of the tour: this program again, with `demo-worker`. They end with it, also when it is killed
/// (see `GuardedProcess`), and none of them hears the terminal's Ctrl-C.
final class WorkerProcesses: Sendable {
    struct Member: Sendable {
        let number: Int
        let process: GuardedProcess
        var wasKilled = false

        var pid: Int32 { process.pid }
        var name: String { "worker \(number)" }
    }

    private let url: String
    private let logFolder: String
    private let state = Mutex<[Member]>([])

    /// - Parameter logFolder: where each leaves a log, for the case that one ends too early.
    init(url: String, logFolder: String) {
        self.url = url
        self.logFolder = logFolder
    }

    var members: [Member] { state.withLock { $0 } }

    func start() throws(SystemError) {
        let number = members.count + 1
        let null = try OwnedDescriptor.open("/dev/null", O_RDONLY)
        let log = try OwnedDescriptor.open(logPath(number), O_WRONLY | O_CREAT | O_APPEND)
        let path = getenv("PATH").map { ["PATH=" + String(cString: $0)] } ?? []
        let process = try GuardedProcess(
            Spawn(
                program: ProjectFolder.program.map { String(decoding: $0, as: UTF8.self) } ?? "/proc/self/exe",
                arguments: ["demo-worker", url], environment: path, workingDirectory: "/",
                descriptors: [null.number, log.number, log.number]), lastWill: .kill())
        state.withLock { $0.append(Member(number: number, process: process)) }
    }

    /// SIGKILL: nothing of the process can react to it.
    func kill(_ member: Member) async {
        state.withLock { members in
            for index in members.indices where members[index].number == member.number {
                members[index].wasKilled = true
            }
        }
        member.process.signal(SIGKILL)
        _ = await member.process.waitForExit(within: .seconds(5))
    }

    /// - Throws: what a worker left in its log, if it ended without having been killed.
    func expectAlive() throws(CommandFailure) {
        for member in members where !member.wasKilled {
            guard let exit = member.process.exit else { continue }
            throw CommandFailure(
                "worker_ended",
                (["\(member.name) (pid \(member.pid)) ended by itself (\(exit))."] + lastLines(logPath(member.number)))
                    .joined(separator: "\n  "))
        }
    }

    /// Asks all to end, waits a moment, and ends them.
    func end() async {
        for member in members { member.process.signal(SIGTERM) }
        for member in members {
            if !Task.isCancelled { _ = await member.process.waitForExit(within: .seconds(3)) }
            await member.process.finish()
        }
    }

    private func logPath(_ number: Int) -> String { "\(logFolder)/worker-\(number).log" }
}
