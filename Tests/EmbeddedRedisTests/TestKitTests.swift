import Glibc
import PenstockTesting
import Testing

@Suite("The test kit", .timeLimit(.minutes(10)))
struct TestKitTests {
    @Test("a process's lines, input, environment and exit code")
    func lines() async throws {
        let script = "echo \"$GREETING\"; cat; echo oops >/dev/stderr; printf rest; exit 7"
        try await TestProcess.withProcess(
            "/bin/sh", ["-c", script], environment: ["GREETING": "hello", "HOME": nil], input: Array("a\nb\n".utf8)
        ) { process in
            #expect(try await process.exit() == .code(7))
            try await process.output.end()
            #expect(process.output.lines == ["hello", "a", "b", "rest"])
            #expect(try await process.errorOutput.line() == "oops")
            var streamed: [String] = []
            for try await line in process.output.stream { streamed.append(line) }
            #expect(streamed == process.output.lines)
            await #expect(throws: OutputEnded.self) { try await process.output.line("never") { $0 == "never" } }
        }
    }

    @Test("a temporary directory goes with all that is in it, whatever the names")
    func temporaryDirectory() async throws {
        let path = try await withTemporaryDirectory { path in
            let folder = Array(path.utf8CString.dropLast()) + [0x2F, -1, 0x0A, 0]
            try #require(mkdir(folder, 0o700) == 0)
            try #require(symlink("/", folder.dropLast() + [0x2F, 0x6C, 0]) == 0)
            let file = open(folder.dropLast() + [0x2F, -2, 0], O_WRONLY | O_CREAT, 0o600)
            try #require(file >= 0)
            close(file)
            return path
        }
        #expect(access(path, F_OK) != 0)
        #expect(access("/tmp", F_OK) == 0)
    }

    @Test("output is bounded in lines and in the length of a line")
    func bounds() async throws {
        let script = "i=0; while [ $i -lt 500 ]; do echo $i; i=$((i+1)); done; printf %0100d 7"
        try await TestProcess.withProcess(
            "/bin/sh", ["-c", script], bounds: .init(lines: 10, bytesPerLine: 40)
        ) { process in
            try await process.output.end()
            #expect(process.output.lines.count <= 11)
            #expect(process.output.lines.last?.utf8.count == 20)
            #expect(process.output.droppedLines >= 490)
        }
    }

    @Test("signals arrive, and the end of the scope ends the program and its children")
    func signals() async throws {
        let script = "trap 'echo got TERM' TERM; sleep 600 & echo $!; while true; do wait; done"
        let (pid, child) = try await TestProcess.withProcess("/bin/sh", ["-c", script]) { process in
            let child = try #require(Int32(try await process.output.line()))
            process.signal(SIGSTOP)
            #expect(ProcessTable.state(of: process.pid) == "T")
            process.signal(SIGTERM)
            process.signal(SIGCONT)
            try await process.output.line { $0 == "got TERM" }
            #expect(process.exitNow == nil)
            await #expect(throws: WaitTimedOut.self) { try await process.exit(within: .milliseconds(20)) }
            return (process.pid, child)
        }
        #expect(ProcessTable.state(of: pid) == nil)
        // It is told with its parent, and nobody here waits for it.
        try await eventually("its child to have ended") { !ProcessTable.isAlive(child) }
    }

    @Test("a program that does not exist is an error")
    func noProgram() async throws {
        await #expect(throws: (any Error).self) { try await TestProcess.withProcess("/nowhere/program") { _ in } }
    }

    @Test("events reach one waiter each, before or after they are waited for")
    func events() async throws {
        let box = EventBox<Int>("numbers")
        box.post(1)
        box.post(2)
        #expect(try await box.next { $0 == 2 } == 2)
        async let third = box.next("three") { $0 == 3 }
        box.post(3)
        #expect(try await third == 3)
        #expect(box.pending == [1])
        let error = await #expect(throws: WaitTimedOut.self) {
            try await box.next("four", within: .milliseconds(10)) { $0 == 4 }
        }
        #expect(error?.description.contains("four in numbers") == true)
        box.post(4)
        #expect(try await box.next(2) == [1, 4])
    }

    @Test("a signal counts, and a cancelled wait ends")
    func signal() async throws {
        let signal = TestSignal("ready")
        let waiter = Task { try await signal.wait(times: 2) }
        signal.raise()
        signal.raise()
        try await waiter.value
        let cancelled = Task { try await signal.wait(times: 3, within: .seconds(600)) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
    }

    @Test("eventually asks until it is so, and says what never was")
    func eventualStates() async throws {
        var asked = 0
        try await eventually("the third time") {
            asked += 1
            return asked == 3
        }
        let error = await #expect(throws: WaitTimedOut.self) {
            try await eventually("the impossible", within: .milliseconds(10)) { false }
        }
        #expect(error?.what == "the impossible")
    }
}
