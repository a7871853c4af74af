import PenstockTesting
import Testing

/// The examples under Sources/Examples, as `swift run example-NAME` runs them.
@Suite(.timeLimit(.minutes(10))) struct ExampleTests {
    @Test(
        "each example ends by itself, and as it should",
        arguments: [
            (
                "orders",
                [
                    "  order 1, paid with 20, is on its way", "  undone: the book is back on the shelf",
                    "  the run is rolled back: charge: the card was refused (permanent failure)",
                ]
            ),
            (
                "approval",
                [
                    "  the outcome: paid(approvedBy: \"Ada\")", "  the outcome: expired",
                    "  nobody has answered about a yacht",
                ]
            ),
            ("media", ["  21 of 21 items have ended, 1 of them failed", "  and 17 more"]),
            (
                "signup",
                ["  ada@example.org is active, after 1 wrong code", "  bob@example.org is expired"]
            ),
        ])
    func examples(name: String, lines: [String]) async throws {
        let program = try penstockProgram(named: "example-\(name)")
        try await TestProcess.withProcess(program, []) { process in
            #expect(try await process.exit(within: .seconds(30)) == .code(0))
            try await process.output.end()
            try await process.errorOutput.end()
            let output = process.output.lines
            for line in lines + ["All as expected."] { #expect(output.contains(line), "\(output)") }
            #expect(process.errorOutput.lines == [])
        }
    }
}
