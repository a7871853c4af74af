import PenstockTesting
import Testing

@Suite struct HouseStyleTests {
    @Test func habitsAreKept() async throws {
        expectNone(
            try await apart {
                let files = try Repository.files(in: "Sources") + Repository.files(in: "Tests")
                return files.flatMap { HouseStyle.findings(in: $0) }
            })
    }

    @Test func nothingIsLeftLyingAbout() async throws {
        try await apart {
            let files = try Repository.files(where: Leftovers.concerns)
            #expect(files.contains { $0.path == "Makefile" } && files.contains { $0.path == ".ci/run" })
            expectNone(files.flatMap { Leftovers.findings(in: $0) })
        }
    }

    @Test(arguments: [
        "let x = try! f()",
        "let x = y as! Int",
        "final class A: @unchecked Sendable {}",
        "// a remark\n\nfinal class A: @unchecked Sendable {}",
        "nonisolated(unsafe) var x = 0",
        "Task { await f() }",
        "// Why not\nTask { await f() }",
        "// Unstructured:\nTask { await f() }",
        "let t = Task<Void, Never> { await f() }",
        "Task(priority: .high) { await f() }",
        "Task.detached { await f() }",
        "Thread.sleep(forTimeInterval: 1)",
        "usleep(100)",
    ])
    func refusesInSources(text: String) {
        #expect(HouseStyle.findings(in: SourceFile(path: "Sources/A/B.swift", text: text)).count == 1)
    }

    @Test(arguments: [
        "let x = try f() // not try!",
        "let x = \"try!\"",
        "// Safe: guarded by the lock.\nfinal class A: @unchecked Sendable {}",
        "nonisolated(unsafe) var x = 0  // Written once, before any task starts.",
        "// Unstructured: ends with the connection,\n// which awaits it.\nTask { await f() }",
        "struct Task {",
        "extension Task {",
        "group.addTask { await f() }",
        "try await Task.sleep(for: pause)",
        "let x: Model.Task",
    ])
    func acceptsInSources(text: String) {
        #expect(HouseStyle.findings(in: SourceFile(path: "Sources/A/B.swift", text: text)).isEmpty)
    }

    @Test(arguments: [
        "try await Task.sleep(for: .seconds(1))", "usleep(100)", "Thread.sleep(forTimeInterval: 1)",
        "// Sleeps because:\nsleep(1)",
    ])
    func refusesSleepInTests(text: String) {
        #expect(HouseStyle.findings(in: SourceFile(path: "Tests/A/B.swift", text: text)).count == 1)
    }

    @Test func acceptsSleepWithReason() {
        let text = "// Sleeps because: the lateness of sleep itself is measured.\ntry await Task.sleep(for: pause)"
        #expect(HouseStyle.findings(in: SourceFile(path: "Tests/A/B.swift", text: text)).isEmpty)
    }

    @Test(arguments: [
        "cd /" + "work/main", "let x = \"/" + "tmp/wt-a\"", "HOME=/" + "root", "// TO" + "DO: later", "-- FIX" + "ME",
    ])
    func refusesLeftovers(text: String) {
        let findings = Leftovers.findings(in: SourceFile(path: "README.md", text: "fine\n\(text)\n"))
        #expect(findings.map(\.line) == [2])
    }

    @Test(arguments: ["/tmp/penstock-x", "/workers", "lib/work", "network", "/rooted", "../work/x", "todo"])
    func acceptsOrdinary(text: String) {
        #expect(Leftovers.findings(in: SourceFile(path: "README.md", text: text)).isEmpty)
    }
}
