import Penstock
import PenstockTesting
import Testing

/// Starting runs and looking at them from the command line.
@Suite(.timeLimit(.minutes(10))) struct RunCommandTests {
    @Test func `a run is started, waited for, shown, and its result printed`() async throws {
        try await Workshop.withRuns { shop, _ in
            let id = try await shop.penstock(
                "run", "start", "checkout", "--input", #"{"number":7}"#, "--foreign-id", "order-7", "--tag", "web",
                "--tenant", "acme", "--priority", "2"
            ).expect().text
            let result = try await shop.penstock("run", "result", id, "--wait").expect()
            #expect(result.output == [#""shipped 7""#] && result.errors.isEmpty)
            let json = try await shop.penstock("run", "result", id, "--json").expect().json()
            #expect(json["state"].string == "succeeded" && json["output"]["content"].string == #""shipped 7""#)

            let show = try await shop.penstock("run", "show", id).expect().text
            for word in [
                "checkout, version 1", "succeeded", "order-7", "web", "acme", #"{"number":7}"#, "✓ reserve", "✓ charge",
                "2 attempts", "✓ ship",
            ] { #expect(show.contains(word), "\(show)") }
            let view = try await shop.penstock("run", "show", id, "--json").expect().json()
            #expect(view["state"].string == "succeeded" && view["foreign_id"].string == "order-7")
            #expect(view["tags"].array == [.string("web")] && view["round"].int == 1 && view["why"].array.isEmpty)
            #expect(view["steps"].array.map { $0["name"].string } == ["reserve", "charge", "ship"])
            #expect(view["steps"][1]["attempts"].int == 2 && view["steps"][1]["duration_ms"].int != nil)
            #expect(view["steps"][1]["dependencies"].array == [.string("reserve")])
            #expect(view["ended_at"].string != nil && view["input"]["content"].string == #"{"number":7}"#)
        }
    }

    @Test func `input comes from a file or standard input; a live foreign id answers with its run`() async throws {
        try await Workshop.withRuns { shop, _ in
            let file = try shop.file("order.json", #"{"number": 9}"#)
            let waited = try await shop.penstock("run", "start", "checkout", "--input", "@\(file)", "--wait").expect()
            #expect(waited.output == [#""shipped 9""#])
            let piped = try await shop.penstock(
                "run", "start", "checkout", "--input", "-", "--wait", "--json", input: #"{"number":3}"#
            ).expect().json()
            #expect(piped["state"].string == "succeeded" && piped["output"]["content"].string == #""shipped 3""#)

            let first = try await shop.penstock("run", "start", "approval", "--foreign-id", "a", "--json").expect()
                .json()
            #expect(first["existing"].bool == false)
            let again = try await shop.penstock("run", "start", "approval", "--foreign-id", "a").expect()
            #expect(again.text == first["id"].string && again.errorText.contains("this is it"))
        }
    }

    @Test func `a run that fails says why, in every command`() async throws {
        try await Workshop.withRuns { shop, _ in
            let failed = try await shop.penstock(
                "run", "start", "checkout", "--input", #"{"number":1,"fails":"ship"}"#, "--wait"
            ).expect(1)
            #expect(failed.output.isEmpty && failed.errorText.contains("rolled back"))
            #expect(failed.errorText.contains("ship: ship is broken"))
            let list = try await shop.penstock("run", "list", "--state", "rolled-back", "--json").expect().json()
            let id = try #require(list["runs"][0]["id"].string)
            let show = try await shop.penstock("run", "show", id).expect().text
            #expect(show.contains("error of ship") && show.contains("↩ charge") && show.contains("really"))
            let json = try await shop.penstock("run", "result", id, "--json").expect(1)
            #expect(json.output.count == 1)
            let view = try JSONValue(json.output[0])
            #expect(!show.contains("a step has failed"), "its state says that")
            #expect(view["state"].string == "rolled_back" && view["errors"][0]["step"].string == "ship")
            #expect(view["errors"][0]["rollback"].bool == false)

            let history = try await shop.penstock("run", "history", id, "--json").expect().json()
            let end = try #require(history.array.first { $0["error"].string?.contains("ship is broken") == true })
            #expect(end["moves"].array.contains { $0["step"].string == "ship" && $0["state"].string == "failed" })
            let charge = try #require(history.array.first { $0["attempt"].int == 2 })
            #expect(charge["moves"][0]["step"].string == "charge")
            #expect(history[0]["moves"][0]["run"].string == "running" && history[0]["by"].string?.isEmpty == false)
            let table = try await shop.penstock("run", "history", id).expect()
            #expect(table.output.count == history.array.count + 1 && table.text.contains("run rolled back"))
        }
    }

    @Test func `runs are listed by what is asked for, a page at a time`() async throws {
        try await Workshop.withRuns { shop, _ in
            for number in 0..<5 {
                let options = StartOptions(foreignID: "order-\(number)", tags: number < 2 ? ["few", "first"] : [])
                _ = try await shop.client.start(workflow: "approval", input: Array("{}".utf8), options)
            }
            _ = try await shop.penstock("run", "start", "checkout", "--input", #"{"number":1}"#, "--wait").expect()
            func ids(_ words: [String] = []) async throws -> (count: Int, next: String?) {
                let words = ["run", "list", "--json"] + words
                let json = try await Workshop.penstock(words, environment: shop.environment).expect().json()
                return (json["runs"].array.count, json["next"].string)
            }
            #expect(try await ids().count == 6)
            #expect(try await ids(["--workflow", "approval"]).count == 5)
            #expect(try await ids(["--workflow", "approval", "--state", "succeeded"]).count == 0)
            #expect(try await ids(["--state", "succeeded,failed"]).count == 1)
            #expect(try await ids(["--state", "Running", "--state", "rolled_back"]).count == 5)
            #expect(try await ids(["--foreign-id", "order-3"]).count == 1)
            #expect(try await ids(["--tag", "few", "--tag", "first"]).count == 2)
            #expect(try await ids(["--since", "2001-01-01"]).count == 6)
            #expect(try await ids(["--until", "2001-01-01"]).count == 0)
            var pages: [Int] = []
            var after: String?
            repeat {
                let page = try await ids(["--limit", "4"] + (after.map { ["--after", $0] } ?? []))
                pages.append(page.count)
                after = page.next
            } while after != nil
            #expect(pages.reduce(0, +) == 6 && pages[0] == 4)
            let text = try await shop.penstock("run", "list", "--limit", "2").expect()
            #expect(text.output.count == 3 && text.errorText.contains("--after "))
            #expect(try await shop.penstock("run", "list", "--tag", "none").expect().text == "No runs.")
        }
    }

    @Test func `watching tells each transition, and ends with the run`() async throws {
        try await Workshop.withRuns { shop, _ in
            let id = try await shop.penstock("run", "start", "approval").expect().text
            try await shop.withPenstock(["run", "watch", id]) { process in
                try await process.output.line { $0.contains("decision in progress") }
                try await shop.penstock("run", "signal", id, "answer", "--payload", "true").expect()
                #expect(try await process.exit(within: .seconds(20)) == .code(0))
                try await process.output.end()
                let lines = process.output.lines
                #expect(lines.first?.contains("run running") == true && lines.last?.contains("run succeeded") == true)
                #expect(try await shop.penstock("run", "history", id).expect().output.count == lines.count + 1)
            }
            let after = try await shop.penstock("run", "watch", id, "--json").expect()
            #expect(try JSONValue(after.output[0])["moves"][0]["run"].string == "running")
            let bad = try await shop.penstock(
                "run", "start", "checkout", "--input", #"{"number":1,"fails":"charge"}"#
            ).expect().text
            #expect(try await shop.penstock("run", "watch", bad).expect(1).errorText.contains("charge is broken"))
        }
    }

    @Test func `why says what a run waits for; pictures show where it is`() async throws {
        try await Workshop.withRuns { shop, _ in
            let id = try await shop.penstock("run", "start", "approval").expect().text
            try await shop.reach(.waiting, "decision", of: id)
            #expect(try await shop.penstock("run", "why", id).expect().text.contains("waits for signal \"answer\""))
            let why = try await shop.penstock("run", "why", id, "--json").expect().json()
            #expect(why["state"].string == "running" && why["why"].array.count == 1)
            #expect(try await shop.penstock("run", "show", id).expect().text.contains("waits for signal \"answer\""))
            let graph = try await shop.penstock("run", "graph", id, "--direction", "lr").expect().text
            #expect(graph.hasPrefix("flowchart LR") && graph.contains("succeeded"))
            let json = try await shop.penstock("run", "graph", id, "--json").expect().json()
            #expect(json["mermaid"].string?.hasPrefix("flowchart TB") == true)
            try await shop.penstock("run", "result", id).expect(1)
            try await shop.penstock("run", "result", id, "--wait", "--timeout", "50ms").expect(1)
            try await shop.penstock("run", "signal", id, "answer", "--payload", "false").expect()
            #expect(try await shop.penstock("run", "result", id, "--wait").expect().text == "false")
            #expect(try await shop.penstock("run", "why", id).expect().text == "run \(id) has ended: succeeded")
        }
    }

    @Test func `a state machine is shown with its object and the statuses that it went through`() async throws {
        try await Workshop.withRuns { shop, _ in
            let id = try await shop.penstock("run", "start", "sign-up", "--input", #"{"mail":"a"}"#).expect().text
            _ = try await shop.client.run(try #require(RunID(id))).wait(forStatus: "verifying")
            let show = try await shop.penstock("run", "show", id).expect().text
            for word in ["verifying", "created", "LASTED", #""code":42"#, "takes callback \"confirm\""] {
                #expect(show.contains(word), "\(show)")
            }
            let json = try await shop.penstock("run", "show", id, "--json").expect().json()
            #expect(json["status"].string == "verifying" && json["steps"] == .null)
            #expect(json["statuses"].array.map { $0["status"].string } == ["created", "verifying"])
            #expect(try await shop.penstock("run", "graph", id).expect().text.hasPrefix("stateDiagram-v2"))
            let placed = try await shop.penstock(
                "run", "start", "sign-up", "--input", #"{"mail":"b"}"#, "--status", "active", "--wait"
            ).expect()
            #expect(placed.text == #"{"mail":"b"}"#)
        }
    }

    @Test func `workflows are listed, shown and drawn`() async throws {
        try await Workshop.withRuns { shop, _ in
            let list = try await shop.penstock("workflow", "list", "--json").expect().json()
            #expect(list.array.map { $0["name"].string } == ["approval", "checkout", "export", "sign-up"])
            #expect(list[2]["version"].int == 3 && list[3]["kind"].string == "state_machine")
            #expect(list[1]["steps"].array == ["reserve", "charge", "ship"].map { .string($0) })
            #expect(try await shop.penstock("workflow", "list").expect().output.count == 5)

            let show = try await shop.penstock("workflow", "show", "checkout").expect().text
            #expect(show.contains("preserve") && show.contains("charge") && show.contains("ship"))
            let json = try await shop.penstock("workflow", "show", "approval", "--json").expect().json()
            #expect(json["steps"][1]["kind"].string == "signal" && json["steps"][1]["signal"].string == "answer")
            #expect(json["output"].string == "end" && json["versions"].array == [.number(1)])
            let machine = try await shop.penstock("workflow", "show", "sign-up", "--json").expect().json()
            #expect(machine["initial"].string == "created" && machine["states"][1]["timeout"].bool == true)
            #expect(try await shop.penstock("workflow", "show", "sign-up").expect().text.contains("callback confirm"))

            let graph = try await shop.penstock("workflow", "graph", "checkout", "--direction", "BT").expect().text
            #expect(graph.hasPrefix("flowchart BT"))
            let drawn = try await shop.penstock("workflow", "graph", "export", "--version", "3", "--json").expect()
                .json()
            #expect(drawn["version"].int == 3 && drawn["mermaid"].string?.contains("print") == true)
        }
    }

    @Test func `what is not known is told, with what is`() async throws {
        try await Workshop.withRuns { shop, _ in
            let live = try await shop.penstock("run", "start", "approval").expect().text
            for (words, mentions) in [
                (["run", "start", "checkout2"], ["checkout2", "start a worker"]),
                (["run", "start", "checkout", "--version", "9"], ["no version 9", "known are 1"]),
                (["run", "start", "approval", "--status", "x"], ["no state machine"]),
                (["run", "start", "sign-up", "--status", "nowhere"], ["no status \"nowhere\"", "verifying"]),
                (["run", "start", "sign-up", "--input", "{}", "--status", "verifying"], ["time-out", "code"]),
                (["run", "show", "nobody"], ["run nobody is not known"]),
                (["run", "watch", "nobody"], ["run nobody is not known"]),
                (["run", "history", "nobody"], ["run nobody is not known"]),
                (["run", "why", "nobody"], ["run nobody is not known"]),
                (["run", "graph", "nobody"], ["run nobody is not known"]),
                (["run", "result", "nobody"], ["run nobody is not known"]),
                (["run", "pause", "nobody"], ["run nobody is not known"]),
                (["run", "retry", "nobody"], ["run nobody is not known"]),
                (["run", "rerun", "nobody", "x"], ["run nobody is not known"]),
                (["run", "skip", "nobody", "x"], ["run nobody is not known"]),
                (["run", "signal", "nobody", "x"], ["run nobody is not known"]),
                (["run", "callback", "nobody", "x"], ["run nobody is not known"]),
                (["run", "delete-data", "nobody"], ["run nobody is not known"]),
                (["run", "result", live], ["has not ended", "--wait"]),
                (["workflow", "show", "nothing"], ["\"nothing\" is not known", "start a worker"]),
                (["workflow", "graph", "export", "--version", "1"], ["no version 1", "known are 3"]),
            ] {
                let ended = try await Workshop.penstock(words, environment: shop.environment)
                // What the library refuses before anything is done is wrong usage.
                #expect(ended.exit == .code(1) || ended.exit == .code(64), "\(words): \(ended.errorText)")
                #expect(ended.output.isEmpty, "\(words)")
                for word in mentions { #expect(ended.errorText.contains(word), "\(words): \(ended.errorText)") }
            }
            let json = try await shop.penstock("run", "show", "nobody", "--json").expect(1)
            #expect(try JSONValue(json.errorText)["error"]["code"].string == "not_found")
        }
    }
}
