import Testing

@testable import PenstockModel

@Suite struct DiagramTests {
    /// One step of every kind, edges of every phase.
    static let order = WorkflowShape(
        "order",
        body: .graph(
            GraphShape(
                [
                    StepShape("reserve", hasRollback: true),
                    StepShape("check", after: [.init("reserve")], branches: ["yes", "no: too dear"]),
                    StepShape(
                        "ship-items", after: [.init("check", branch: "yes")],
                        fanOut: FanOut(concurrency: 10, batchSize: 5)),
                    StepShape(
                        "warm-up", after: [.init("reserve")],
                        longRunning: LongRunning(syncInterval: .milliseconds(2500), healthCheck: true)),
                    StepShape("approval", kind: .signal("approve"), after: [.init("check", branch: "no: too dear")]),
                    StepShape(
                        "bill", kind: .child(ChildWorkflow("billing:charge", isAwaited: false)),
                        after: [.init("ship-items"), .init("approval"), .init("warm-up")], join: .atLeast(2),
                        isConditional: true, hasRollback: true),
                    StepShape("apologise", after: [.init("bill", phase: .failure)]),
                    StepShape(
                        "clean/up", after: [.init("bill", phase: .end), .init("apologise", phase: .end)], join: .any),
                ], rollback: .preserve)))

    static let payment = WorkflowShape(
        "payment",
        body: .machine(
            StateMachineShape(
                [
                    MachineState("created", next: ["waiting", "refused"]),
                    MachineState(
                        "waiting", next: ["created", "paid", "refused"], hasStep: false,
                        callbacks: ["paid: ok", "refuse"],
                        hasTimeout: true),
                    MachineState("checked", next: ["paid", "checked"], hasTimeout: true),
                    MachineState("paid"),
                    MachineState("refused"),
                ], initial: "created")))

    static let flowchart = """
            n0["reserve<br/>↩ rollback"]
            n1{"check"}
            n2[/"ship-items<br/>for each item, 10 at once, 5 in a batch"/]
            n3(["warm-up<br/>synced every 2500 ms, health check"])
            n4{{"approval<br/>signal approve"}}
            n5[["bill<br/>workflow billing#58;charge, not awaited<br/>on a condition<br/>2 of 3<br/>↩ rollback"]]
            n6["apologise"]
            n7["clean/up<br/>1 of 2"]
            n0 --> n1
            n1 -->|"yes"| n2
            n0 --> n3
            n1 -->|"no#58; too dear"| n4
            n2 --> n5
            n4 --> n5
            n3 --> n5
            n5 -.->|"failure"| n6
            n5 -->|"any end"| n7
            n6 -->|"any end"| n7
        """

    static let machine = """
            state "created" as n0
            state "waiting" as n1
            state "checked" as n2
            state "paid" as n3
            state "refused" as n4
            [*] --> n0
            n0 --> n1
            n0 --> n4
            n1 --> n0: callback paid#58; ok, callback refuse, time-out
            n1 --> n3: callback paid#58; ok, callback refuse, time-out
            n1 --> n4: callback paid#58; ok, callback refuse, time-out
            n2 --> n3: step, time-out
            n2 --> n2: step, time-out
            n3 --> [*]
            n4 --> [*]
        """

    @Test(
        "a graph is a flowchart, a machine a state diagram, each in four directions",
        arguments: [
            (DiagramDirection.topToBottom, "TB"), (.leftToRight, "LR"), (.rightToLeft, "RL"), (.bottomToTop, "BT"),
        ])
    func definitions(direction: DiagramDirection, letters: String) {
        #expect(Self.order.mermaid(direction: direction) == "flowchart \(letters)\n\(Self.flowchart)")
        #expect(
            Self.payment.mermaid(direction: direction) == "stateDiagram-v2\n    direction \(letters)\n\(Self.machine)")
    }

    @Test("a run of a graph shows the state of each step in words and colour, each colour once")
    func run() {
        let shape = WorkflowShape(
            "order",
            body: .graph(
                GraphShape([
                    StepShape("a", branches: ["x"]), StepShape("b", after: [.init("a", branch: "x")]),
                    StepShape("c", after: [.init("b")]), StepShape("d", after: [.init("b")]),
                    StepShape("e", after: [.init("d")]),
                ])))
        let standings = [
            "a": StepStanding(.succeeded, branch: "x"), "b": StepStanding(.succeeded),
            "c": StepStanding(.rollbackFailed),
            "d": StepStanding(.waiting), "unheard": StepStanding(.failed),
        ]
        #expect(
            shape.mermaid(direction: .leftToRight, standings: standings) == """
                flowchart LR
                    n0{"a<br/>succeeded, decided for x"}:::succeeded
                    n1["b<br/>succeeded"]:::succeeded
                    n2["c<br/>rollback failed"]:::rollbackFailed
                    n3["d<br/>in progress"]:::waiting
                    n4["e<br/>waiting for its dependencies"]:::pending
                    n0 -->|"x"| n1
                    n1 --> n2
                    n1 --> n3
                    n3 --> n4
                    classDef pending fill:#f6f8fa,stroke:#8c959f,color:#424a53
                    classDef waiting fill:#ddf4ff,stroke:#0969da,color:#0a3069,stroke-dasharray:4 3
                    classDef succeeded fill:#dafbe1,stroke:#1a7f37,color:#044f1e
                    classDef rollbackFailed fill:#cf222e,stroke:#82071e,color:#ffffff
                """)
    }

    @Test(
        "a run of a machine shows the state that it is in",
        arguments: [("waiting", "n1"), ("created", "n0"), ("unheard", nil)])
    func present(state: String, id: String?) {
        let lit = id.map {
            "\n    classDef present fill:#ddf4ff,stroke:#0969da,color:#0a3069\n    class \($0) present"
        }
        #expect(
            Self.payment.mermaid(present: state)
                == "stateDiagram-v2\n    direction TB\n\(Self.machine)" + (lit ?? ""))
    }

    @Test("every state has colours of its own or shares them in dashes", arguments: StepState.allCases)
    func colours(state: StepState) {
        let others = StepState.allCases.filter { $0 != state }
        let sharing = others.filter { DiagramColours.style(of: $0) == DiagramColours.style(of: state) }
        #expect(sharing.isEmpty || Set(sharing + [state]) == [.skipped, .cancelled])
    }

    @Test(
        "texts of others mean nothing to Mermaid",
        arguments: [
            ("reserve-stock_2.eu/x@y", "reserve-stock_2.eu/x@y"),
            ("a b (c), d", "a b (c), d"),
            (#"x"]; click n0 "javascript:alert(1)"#, #"x#34;#93;#59; click n0 #34;javascript#58;alert(1)"#),
            ("<b>&amp;</b>", "#60;b#62;#38;amp#59;#60;/b#62;"),
            ("%%{init: {}}%%", "#37;#37;#123;init#58; #123;#125;#125;#37;#37;"),
            ("`*_md_*`", "#96;#42;#95;md#95;#42;#96;"),
            ("#quot;", "#35;quot#59;"),
            ("style:#f00;", "style#58;#35;f00#59;"),
            ("|x| --> n1", "#124;x#124; #45;#45;#62; n1"),
            ("1. list", "1#46; list"), ("- list", "#45; list"), ("2-a", "2-a"),
            ("_x_ a__b", "#95;x#95; a#95;#95;b"),
            ("a\nb\tc\u{7F}\u{85}\u{2028}\u{0}", "a\u{FFFD}b\u{FFFD}c\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            ("prüfen 検査 🚚", "prüfen 検査 🚚"),
            ("\\n$$x$$", "#92;n#36;\u{2060}#36;x#36;\u{2060}#36;"),
            ("end", "end"), ("", "#160;"),
        ])
    func escapes(text: String, escaped: String) {
        #expect(MermaidText.escaped(text) == escaped)
    }
}
