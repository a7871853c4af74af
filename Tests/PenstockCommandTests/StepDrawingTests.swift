import Penstock
import Testing

@testable import PenstockCommand

@Suite struct StepDrawingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let graph: GraphShape
        var standings: [String: StepStanding] = [:]
        var details: [String: StepRow.Detail] = [:]
        var isASCII = false
        let lines: String
    }

    static let order = GraphShape([
        StepShape("reserve"),
        StepShape("check", after: [.init("reserve")], branches: ["yes", "no"]),
        StepShape("ship", after: [.init("check", branch: "yes")]),
        StepShape("warm-up", after: [.init("reserve")]),
        StepShape("approve", after: [.init("check", branch: "no")]),
        StepShape("bill", after: [.init("ship"), .init("approve"), .init("warm-up")], join: .atLeast(2)),
        StepShape("apologise", after: [.init("bill", phase: .failure)]),
        StepShape("clean", after: [.init("bill", phase: .end)]),
    ])

    @Test(
        "steps are drawn below what they wait for",
        arguments: [
            Row(testDescription: "nothing", graph: GraphShape([]), lines: ""),
            Row(
                testDescription: "a chain goes straight down",
                graph: GraphShape([
                    StepShape("c", after: [.init("b")]), StepShape("a"), StepShape("b", after: [.init("a")]),
                ]), standings: ["a": .init(.succeeded), "b": .init(.active)],
                lines: """
                    ✓ a  succeeded
                    … b  queued or running
                    · c  waiting for its dependencies
                    """),
            Row(
                testDescription: "several beginnings",
                graph: GraphShape([
                    StepShape("a"), StepShape("b"), StepShape("c", after: [.init("a")]),
                    StepShape("d", after: [.init("b"), .init("a")]),
                ]),
                lines: """
                    ├─ · a  waiting for its dependencies
                    │  · c  waiting for its dependencies
                    └─ · b  waiting for its dependencies
                       · d  waiting for its dependencies    after b, a
                    """),
            Row(
                testDescription: "forks, joins, edges of every phase",
                graph: order,
                standings: [
                    "reserve": .init(.succeeded), "check": .init(.succeeded, branch: "yes"), "ship": .init(.failed),
                    "warm-up": .init(.waiting), "approve": .init(.skipped), "bill": .init(.rollbackFailed),
                    "apologise": .init(.rolledBack), "clean": .init(.cancelled),
                ],
                details: [
                    "reserve": .init(attempts: 1, duration: .milliseconds(40)),
                    "ship": .init(attempts: 3, duration: .seconds(75), error: "\nno lorry\u{1B}[2J\nat all"),
                    "bill": .init(error: "no ink"), "clean": .init(attempts: 2),
                ],
                lines: """
                    ✓ reserve          succeeded                     40ms
                    ├─ ✓ check         succeeded, decided for yes
                    │  ├─ ✗ ship       failed                        1m 15s  3 attempts  after check: yes
                    │  │    no lorry\u{FFFD}[2J
                    │  └─ – approve    skipped                               after check: no
                    └─ ⏸ warm-up       in progress
                       ✗ bill          rollback failed                       after 2 of ship, approve, warm-up
                         no ink
                       ├─ ↩ apologise  rolled back                           after bill failed
                       └─ – clean      not started, the run stopped          2 attempts  after bill ended
                    """),
            Row(
                testDescription: "plain",
                graph: GraphShape([
                    StepShape("a"), StepShape("b", after: [.init("a")]), StepShape("c", after: [.init("a")]),
                    StepShape("d", after: [.init("b")]),
                ]),
                standings: [
                    "a": .init(.waived), "b": .init(.interrupted), "c": .init(.rollingBack), "d": .init(.waiting),
                ],
                details: ["b": .init(error: "killed")], isASCII: true,
                lines: """
                    + a     skipped by hand
                    |- x b  stopped half way
                    |    killed
                    |  = d  in progress
                    `- < c  rolling back
                    """),
        ])
    func drawings(row: Row) {
        let rows = StepRow.rows(of: row.graph, standings: row.standings, details: row.details)
        let drawing = StepDrawing(rows: rows, isASCII: row.isASCII, style: Style(isOn: false))
        #expect(drawing.lines().joined(separator: "\n") == row.lines)
    }

    @Test("every step is there once, after what it waits for, and forks alone add depth")
    func everyStep() {
        let rows = StepRow.rows(of: Self.order, standings: [:])
        #expect(rows.map(\.name) == ["reserve", "check", "ship", "approve", "warm-up", "bill", "apologise", "clean"])
        #expect(rows.map(\.depth) == [0, 1, 2, 2, 1, 1, 2, 2])
        let chain = (0..<20_000).map { StepShape("s\($0)", after: $0 == 0 ? [] : [.init("s\($0 - 1)")]) }
        let long = StepRow.rows(of: GraphShape(chain), standings: [:])
        #expect(long.map(\.name) == chain.map(\.name) && long.allSatisfy { $0.depth == 0 })
    }

    @Test("every state has a mark, also in plain characters; colour is around the state", arguments: StepState.allCases)
    func marks(state: StepState) {
        let rows = StepRow.rows(of: GraphShape([StepShape("a")]), standings: ["a": .init(state)])
        let plain = StepDrawing(rows: rows, isASCII: true, style: Style(isOn: false)).lines()
        #expect(plain.count == 1 && plain[0].allSatisfy(\.isASCII) && plain[0].hasSuffix(" a  \(state.words)"))
        let painted = StepDrawing(rows: rows, style: Style(isOn: true)).lines()
        #expect(painted[0].contains("m\(state.words)\u{1B}[0m") && !painted[0].hasPrefix("\u{1B}"))
    }
}
