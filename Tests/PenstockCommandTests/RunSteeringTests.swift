import Penstock
import PenstockTesting
import Testing

/// Steering runs from the command line.
@Suite(.timeLimit(.minutes(10))) struct RunSteeringTests {
    private func start(_ shop: Workshop, _ input: String) async throws -> String {
        let id = try await shop.penstock("run", "start", "checkout", "--input", input).expect().text
        _ = try await shop.client.run(try #require(RunID(id))).wait()
        return id
    }

    /// Runs a command that must be refused now, and say why.
    private func refuse(_ shop: Workshop, _ words: String..., mentions: String...) async throws {
        let ended = try await Workshop.penstock(words, environment: shop.environment).expect(1)
        #expect(ended.output.isEmpty)
        for word in mentions { #expect(ended.errorText.contains(word), "\(words): \(ended.errorText)") }
    }

    @Test func `a run is paused, resumed and cancelled`() async throws {
        try await Workshop.withRuns { shop, _ in
            let id = try await shop.penstock("run", "start", "approval").expect().text
            try await shop.reach(.waiting, "decision", of: id)
            #expect(try await shop.penstock("run", "pause", id).expect().text == "run \(id) is paused")
            #expect(try await shop.penstock("run", "pause", id, "--json").expect().json()["state"].string == "paused")
            #expect(try await shop.penstock("run", "why", id).expect().text.contains("resume it"))
            let resumed = try await shop.penstock("run", "resume", id, "--json").expect().json()
            #expect(resumed["state"].string == "running" && resumed["id"].string == id)
            try await shop.penstock("run", "cancel", id).expect()
            #expect(try await shop.client.run(try #require(RunID(id))).wait().state == .cancelled)
            try await refuse(shop, "run", "pause", id, mentions: "has ended", "cancelled", "retry")
            try await refuse(shop, "run", "cancel", id, mentions: "has ended")

            let undone = try await shop.penstock("run", "start", "approval").expect().text
            try await shop.reach(.waiting, "decision", of: undone)
            try await shop.penstock("run", "cancel", undone, "--rollback").expect()
            #expect(try await shop.client.run(try #require(RunID(undone))).wait().state == .rolledBack)

            let export = try await shop.penstock("run", "start", "export").expect().text
            try await refuse(shop, "run", "cancel", export, "--rollback", mentions: "no rollback")
            try await shop.penstock("run", "cancel", export).expect()
        }
    }

    @Test func `a run is retried, a step run again, and one skipped`() async throws {
        try await Workshop.withRuns { shop, runs in
            let skipped = try await start(shop, #"{"number":2,"fails":"ship"}"#)
            try await refuse(
                shop, "run", "skip", skipped, "nowhere", mentions: "no step \"nowhere\"", "reserve, charge, ship")
            try await refuse(shop, "run", "rerun", skipped, "nowhere", mentions: "no step \"nowhere\"")
            try await refuse(shop, "run", "retry", skipped, "--rollback", "x", mentions: "no step \"x\"")
            try await refuse(shop, "run", "skip", skipped, "ship", "--rollback", mentions: "step \"ship\"")

            let id = try await start(shop, #"{"number":1,"fails":"ship"}"#)
            runs.mend()
            try await shop.penstock("run", "retry", id).expect()
            let run = shop.client.run(try #require(RunID(id)))
            #expect(try await run.wait(for: .succeeded).round == 2)
            try await refuse(shop, "run", "retry", id, mentions: "nothing of the run failed", "rerun")
            let again = try await shop.penstock("run", "rerun", id, "charge", "--json").expect().json()
            #expect(again["id"].string == id && again["state"].string != nil)
            let third = try await run.wait()
            #expect(third.state == .succeeded && third.round == 3)

            let waits = try await shop.penstock("run", "start", "approval").expect().text
            try await shop.reach(.waiting, "decision", of: waits)
            try await refuse(shop, "run", "retry", waits, mentions: "has not ended", "cancel it")
            try await shop.penstock("run", "skip", waits, "decision").expect()
            #expect(try await shop.penstock("run", "result", waits, "--wait").expect().text == "false")
            #expect(try await shop.penstock("run", "show", waits).expect().text.contains("skipped by hand"))
        }
    }

    @Test func `a rollback that is stuck is retried, or skipped`() async throws {
        try await Workshop.withRuns { shop, runs in
            let first = try await start(shop, #"{"number":1,"fails":"ship","sticks":true}"#)
            let second = try await start(shop, #"{"number":2,"fails":"ship","sticks":true}"#)
            let show = try await shop.penstock("run", "show", first).expect().text
            #expect(show.contains("rollback of reserve") && show.contains("the shelf is locked"))
            try await refuse(shop, "run", "retry", first, mentions: "rollbacks have failed")
            try await shop.penstock("run", "skip", first, "reserve", "--rollback").expect()
            #expect(try await shop.client.run(try #require(RunID(first))).wait(for: .rolledBack).state == .rolledBack)
            runs.mend()
            try await shop.penstock("run", "retry", second, "--rollback", "reserve").expect()
            #expect(try await shop.client.run(try #require(RunID(second))).wait(for: .rolledBack).state == .rolledBack)
        }
    }

    @Test func `signals come as an argument, from a file or standard input; wrong ones are refused`() async throws {
        try await Workshop.withRuns { shop, _ in
            let file = try shop.file("yes.json", "true\n")
            for (payload, input) in [("true", ""), ("@\(file)", ""), ("-", " true ")] {
                let id = try await shop.penstock("run", "start", "approval").expect().text
                try await refuse(shop, "run", "signal", id, "anwser", mentions: "anwser", "there are \"answer\"")
                try await refuse(shop, "run", "callback", id, "answer", mentions: "no callbacks")
                let sent = try await shop.penstock(
                    "run", "signal", id, "answer", "--payload", payload, "--json", input: input
                ).expect().json()
                #expect(sent["id"].string == id)
                #expect(try await shop.penstock("run", "result", id, "--wait").expect().text == "true")
                try await refuse(shop, "run", "signal", id, "answer", mentions: "has ended")
            }
        }
    }

    @Test func `a state machine takes callbacks, those of its present status`() async throws {
        try await Workshop.withRuns { shop, _ in
            let id = try await shop.penstock("run", "start", "sign-up", "--input", #"{"mail":"a"}"#).expect().text
            _ = try await shop.client.run(try #require(RunID(id))).wait(forStatus: "verifying")
            try await refuse(
                shop, "run", "callback", id, "nonsense", mentions: "\"verifying\" takes no callback", "nonsense")
            try await refuse(shop, "run", "signal", id, "confirm", mentions: "callbacks, not signals")
            try await refuse(shop, "run", "rerun", id, "created", mentions: "no steps")
            try await shop.penstock("run", "callback", id, "confirm", "--payload", "42").expect()
            let result = try await shop.penstock("run", "result", id, "--wait").expect().text
            #expect(result.contains(#""code":42"#) && result.contains(#""mail":"a""#))
            try await refuse(shop, "run", "callback", id, "confirm", mentions: "ended")
        }
    }

    @Test func `a step is completed from outside with its token, or failed; an old token is refused`() async throws {
        try await Workshop.withRuns { shop, runs in
            func started() async throws -> (id: String, token: String) {
                let id = try await shop.penstock("run", "start", "export").expect().text
                try await shop.reach(.waiting, "print", of: id)
                return (id, try await runs.tokens.next().description)
            }
            let (first, token) = try await started()
            let done = try await shop.penstock("run", "complete", token, "--output", "7", "--json").expect().json()
            #expect(done["id"].string == first)
            #expect(try await shop.penstock("run", "result", first, "--wait").expect().text == "7")
            try await refuse(shop, "run", "complete", token, "--output", "8", mentions: "cannot be completed any more")
            try await shop.penstock("run", "rerun", first, "print").expect()
            _ = try await runs.tokens.next()
            try await shop.reach(.waiting, "print", of: first)
            try await refuse(shop, "run", "complete", token, mentions: "one of an earlier attempt")
            try await shop.penstock("run", "cancel", first).expect()

            let (second, other) = try await started()
            try await shop.penstock("run", "complete", other, "--fail", "out of paper").expect()
            #expect(
                try await shop.penstock("run", "result", second, "--wait").expect(1).errorText.contains("out of paper"))
            try await refuse(shop, "run", "complete", "nobody.secret.print", mentions: "nobody is not known")
        }
    }

    @Test func `the data of a run are deleted when it has ended, but for what the scrubber leaves`() async throws {
        try await Workshop.withRuns { shop, _ in
            let id = try await start(shop, #"{"number":7}"#)
            let deleted = try await shop.penstock("run", "delete-data", id, "--json").expect().json()
            #expect(["deleting_data", "data_deleted"].contains(deleted["state"].string))
            _ = try await shop.client.run(try #require(RunID(id))).wait(for: .dataDeleted)
            let show = try await shop.penstock("run", "show", id, "--json").expect().json()
            #expect(show["state"].string == "data_deleted" && show["input"] == .null && show["steps"].array.count == 3)
            try await refuse(shop, "run", "result", id, mentions: "data deleted")
            try await refuse(shop, "run", "retry", id, mentions: "data have been deleted")

            let machine = try await shop.penstock(
                "run", "start", "sign-up", "--input", #"{"mail":"a"}"#, "--status", "active", "--wait", "--json"
            ).expect().json()
            let other = try #require(machine["id"].string)
            try await shop.penstock("run", "delete-data", other).expect()
            _ = try await shop.client.run(try #require(RunID(other))).wait(for: .dataDeleted)
            #expect(try await shop.penstock("run", "result", other).expect().text == #"{"mail":"scrubbed"}"#)

            let live = try await shop.penstock("run", "start", "approval").expect().text
            try await refuse(shop, "run", "delete-data", live, mentions: "has not ended", "cancel it")
        }
    }
}
