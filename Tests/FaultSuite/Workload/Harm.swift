import Glibc
import NIOPosix

/// What a worker process does to itself when the suite has laid down a file that asks for it.
struct Harm: Sendable {
    enum Point: String, CaseIterable, Sendable {
        /// The reply of a claim has arrived, and nothing of it has begun.
        case claimed
        case beforeEffect
        /// The effect is done, and not committed.
        case afterEffect
    }

    let folder: String
    let ordinal: Int

    func file(_ what: String) -> String { "\(folder)/harm-\(ordinal)-\(what)" }

    /// Dies if that is asked for at this point, and not yet done.
    func strike(_ point: Point, _ log: LogFile) {
        let file = file(point.rawValue)
        // Whoever can take the file away is the one to do it.
        guard unlink(file) == 0 else { return }
        log.note("dies", point.rawValue)
        kill(getpid(), SIGKILL)
    }

    /// Blocks the calling thread, and with `loops` all event loops of the process, until the file that asks for it is gone.
    func starve() {
        let (threads, loops) = (file("threads"), file("loops"))
        if unlink(loops) == 0 {
            let until = file("loops-until")
            for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() { loop.execute { Self.block(until) } }
        }
        if access(threads, F_OK) == 0 { Self.block(threads) }
    }

    private static func block(_ file: String) {
        for _ in 0..<3000 where access(file, F_OK) == 0 {
            // Sleeps because: a thread that is blocked is the fault.
            usleep(10_000)
        }
    }
}
