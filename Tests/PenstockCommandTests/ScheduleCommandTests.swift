import Logging
import Penstock
import PenstockTesting
import Testing

/// `penstock schedule`, but for preview, against a private Redis; with a worker where something is fired.
@Suite(.timeLimit(.minutes(10))) struct ScheduleCommandTests {
    @Test
    func `a schedule is made, shown and listed with all that it was given, and an update changes only what it names`()
        async throws
    {
        try await Workshop.open { shop in
            let payload = try shop.file("payload.json", #"{"to": "all"}"#)
            let made = try await shop.penstock(
                "schedule", "create", "digest", "0 9 * * MON-FRI", "--zone", "Europe/Berlin", "--kind", "send",
                "--payload", "@\(payload)", "--queue", "mail", "--tenant", "acme", "--priority", "3", "--max-attempts",
                "4", "--timeout", "5s", "--deadline", "90s", "--retain", "1h", "--expires", "10m", "--limit",
                "account:1", "--header", "a=b", "--start", "2030-01-01T00:00Z", "--end", "2031-01-01T00:00Z",
                "--maximum-count", "100", "--jitter", "10s", "--overlap", "wait:2", "--misfire", "all:3",
                "--misfire-grace", "2m", "--note", "to all"
            ).expect()
            #expect(made.output.first == "schedule digest is made" && made.errors.isEmpty)
            #expect(made.text.contains("2030-01-01T09:00:00+01:00") && made.text.contains("at 09:00, Monday to Friday"))

            func show() async throws -> JSONValue {
                try await shop.penstock("schedule", "show", "digest", "--next", "2", "--json").expect().json()
            }
            var all = try await show()
            let members: [(String, JSONValue)] = [
                ("name", .string("digest")), ("expression", .string("0 9 * * MON-FRI")),
                ("zone", .string("Europe/Berlin")), ("start", .string("2030-01-01T00:00:00.000Z")),
                ("end", .string("2031-01-01T00:00:00.000Z")), ("maximum_count", .number(100)),
                ("jitter_ms", .number(10_000)), ("overlap", .string("wait:2")), ("misfire", .string("all:3")),
                ("misfire_grace_ms", .number(120_000)), ("note", .string("to all")), ("state", .string("active")),
                ("fired", .number(0)), ("live", .number(0)), ("backfill", .bool(false)), ("history", .array([])),
                ("declared_at", .null), ("waiting", .null),
            ]
            for (name, value) in members { #expect(all[name] == value, "\(name)") }
            #expect(all["next"].array.map { $0["utc"].string } == ["2030-01-01T08:00:00Z", "2030-01-02T08:00:00Z"])
            let starts: [(String, JSONValue)] = [
                ("kind", .string("send")), ("queue", .string("mail")), ("tenant", .string("acme")),
                ("priority", .number(3)), ("max_attempts", .number(4)), ("timeout_ms", .number(5000)),
                ("deadline_ms", .number(90_000)), ("retain_ms", .number(3_600_000)),
                ("expires_ms", .number(600_000)), ("limits", .array([.string("account:1")])),
                ("headers", .object(["a": .string("b")])), ("workflow", .null),
            ]
            for (name, value) in starts { #expect(all["starts"][name] == value, "\(name)") }
            #expect(all["starts"]["payload"]["content"].string == #"{"to": "all"}"#)

            let sheet = try await shop.penstock("schedule", "show", "digest").expect().text
            for word in [
                "until fewer than 2 go on", "the latest 3 are fired", "up to 10s later", "no tick before 2030",
                "over after 100 ticks", "header a", "to all", "job send", "No tick has come yet.", "DAY  LOCAL",
            ] {
                #expect(sheet.contains(word), "\(word): \(sheet)")
            }

            let changed = try await shop.penstock(
                "schedule", "update", "digest", "--priority", "-1", "--end", "none", "--maximum-count", "none"
            ).expect()
            #expect(changed.output.first == "schedule digest is changed")
            let now = try await show()
            #expect(now["end"] == .null && now["maximum_count"] == .null && now["starts"]["priority"].int == -1)
            for (name, value) in members where !["end", "maximum_count"].contains(name) { #expect(now[name] == value) }
            for (name, value) in starts where name != "priority" { #expect(now["starts"][name] == value, "\(name)") }
            all = try await shop.penstock(
                "schedule", "update", "digest", "@daily", "--payload", "-", "--json", input: "[1]"
            ).expect().json()
            #expect(all["expression"].string == "@daily" && all["starts"]["payload"]["content"].string == "[1]")
            #expect(all["starts"]["kind"].string == "send" && all["zone"].string == "Europe/Berlin")

            let run = try await shop.penstock(
                "schedule", "update", "digest", "--workflow", "books", "--workflow-version", "2", "--tag", "x",
                "--callback", "https://example.org/hook", "--attribute", "shop=blue", "--json"
            ).expect().json()["starts"]
            #expect(run["workflow"].string == "books" && run["version"].int == 2 && run["kind"] == .null)
            #expect(run["callback"]["attributes"]["shop"].string == "blue" && run["input"]["content"].string == "{}")
            let tagged = try await shop.penstock("schedule", "update", "digest", "--queue", "slow", "--json").expect()
                .json()["starts"]
            #expect(tagged["queue"].string == "slow" && tagged["tags"].array == [.string("x")])
            #expect(tagged["callback"]["url"].string == "https://example.org/hook" && tagged["version"].int == 2)

            let list = try await shop.penstock("schedule", "list").expect().output
            #expect(list.count == 2 && list[1].contains("workflow books, version 2") && list[1].contains("2030-01-01"))
        }
    }

    @Test func `ticks are fired by a worker and shown with what has become of them; pause, resume, trigger, delete`()
        async throws
    {
        try await Workshop.open { shop in
            try await shop.penstock(
                "schedule", "create", "beat", "@every 1s", "--kind", "k", "--payload", "1", "--retain", "1h"
            ).expect()
            try await shop.penstock("schedule", "create", "daily", "@daily", "--kind", "k").expect()
            try await shop.withPenstock(["worker", "--exec", "cat"]) { _ in
                try await eventually("two ticks to be fired and done") {
                    let json = try await shop.penstock("schedule", "show", "beat", "--json").expect().json()
                    return json["history"].array.count { $0["state"].string == "completed" } >= 2
                }
                let json = try await shop.penstock("schedule", "show", "beat", "--json").expect().json()
                let last = json["history"][0]
                #expect(last["outcome"].string == "fired" && last["tick"].string?.hasSuffix(".000Z") == true)
                #expect(try #require(json["fired"].int) >= 2)
                let text = try await shop.penstock("schedule", "show", "beat").expect().text
                #expect(text.contains(try #require(last["id"].string)) && text.contains("completed"), "\(text)")

                #expect(
                    try await shop.penstock("schedule", "pause", "beat", "daily").expect().output
                        == ["schedule beat is paused", "schedule daily is paused"])
                try await shop.penstock("schedule", "pause", "beat").expect()
                let paused = try await shop.penstock("schedule", "list", "--prefix", "be", "--json").expect().json()
                #expect(paused["schedules"].array.count == 1 && paused["schedules"][0]["state"].string == "paused")
                #expect(paused["schedules"][0]["paused_by"].string?.contains("@") == true)
                #expect(try await shop.penstock("schedule", "show", "beat").expect().text.contains("paused by "))

                let id = try await shop.penstock("schedule", "trigger", "beat").expect().text
                try await shop.reach(.completed, try shop.id(id))
                let job = try await shop.penstock("schedule", "trigger", "daily", "--json").expect().json()
                #expect(job["run"] == .null)
                try await shop.reach(.unknown, try shop.id(job["job"].string))
                let daily = try await shop.penstock("schedule", "show", "daily").expect().text
                #expect(daily.contains("triggered by hand") && daily.contains("no longer known"), "\(daily)")
                try await shop.penstock("schedule", "resume", "daily", "beat").expect()
            }
            #expect(try await shop.client.schedule("beat").status().state == .active)
            let some = try await shop.penstock("schedule", "delete", "beat", "nobody", "--json").expect(1)
            let answers = try JSONValue(some.output[0])
            #expect(answers.array.map { $0["answer"].string } == ["deleted", "not_found"])
            try await shop.penstock("schedule", "delete", "daily").expect()
            #expect(try await shop.penstock("schedule", "list").expect().text == "No schedules.")
        }
    }

    @Test func `a schedule of a workflow starts runs, which are shown with their state, and is over after its count`()
        async throws
    {
        try await Workshop.withRuns { shop, _ in
            try await shop.penstock(
                "schedule", "create", "orders", "@every 1s", "--workflow", "checkout", "--input", #"{"number":7}"#,
                "--tag", "mine", "--maximum-count", "1"
            ).expect()
            try await eventually("a run to have succeeded") {
                let json = try await shop.penstock("schedule", "show", "orders", "--json").expect().json()
                return json["history"][0]["state"].string == "succeeded" && json["state"].string == "over"
            }
            let text = try await shop.penstock("schedule", "show", "orders").expect().text
            for word in ["workflow checkout", "over: no tick will come", "No tick is left.", "succeeded", "mine"] {
                #expect(text.contains(word), "\(text)")
            }
            let runs = try await shop.penstock(
                "run", "list", "--tag", "schedule/orders", "--tag", "mine", "--json"
            ).expect().json()["runs"]
            #expect(runs.array.count == 1)
            let triggered = try await shop.penstock("schedule", "trigger", "orders", "--json").expect().json()
            #expect(triggered["run"].string != nil && triggered["job"] == .null)
        }
    }

    @Test func `a backfill says its name, fires what has passed, and is cancelled by deleting it`() async throws {
        try await Workshop.open { shop in
            try await shop.penstock("schedule", "create", "hourly", "0 * * * *", "--kind", "k").expect()
            let words = [
                "schedule", "backfill", "hourly", "--from", "2025-01-01T00:00Z", "--through", "2025-01-01T04:00Z",
                "--at-most", "2",
            ]
            let made = try await Workshop.penstock(words, environment: shop.environment).expect()
            let name = made.text
            #expect(name.hasPrefix("hourly.backfill-"))
            #expect(
                made.errorText.contains("schedule show \(name)") && made.errorText.contains("schedule delete \(name)"))
            let json = try await shop.penstock("schedule", "show", name, "--json").expect().json()
            #expect(json["backfill"].bool == true && json["overlap"].string == "wait:2")
            #expect(json["next"].array.count == 5 && json["next"][0]["utc"].string == "2025-01-01T00:00:00Z")
            try await shop.penstock("schedule", "delete", name).expect()

            let second = try await Workshop.penstock(words + ["--json"], environment: shop.environment).expect().json()
            #expect(second["schedule"].string == "hourly" && second["name"].string != name)
            try await shop.withPenstock(["worker", "--exec", "cat"]) { _ in
                try await eventually("all five to be done") { try await shop.queue().completed == 5 }
                try await eventually("it to be gone") { try await shop.client.schedules().map(\.name) == ["hourly"] }
            }
        }
    }

    @Test func `more than a thousand are listed, a page at a time`() async throws {
        try await Workshop.open { shop in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 10_000..<11_203 {
                    group.addTask {
                        let target = ScheduleTarget.job(kind: "k", payload: [])
                        try await shop.client.createSchedule("s\(number)", "@daily", starting: target)
                    }
                }
                try await group.waitForAll()
            }
            func list(_ words: String...) async throws -> JSONValue {
                try await Workshop.penstock(["schedule", "list", "--json"] + words, environment: shop.environment)
                    .expect().json()
            }
            let first = try await list()
            #expect(first["schedules"].array.count == 1000 && first["next"].string == "s10999")
            let rest = try await list("--after", "s10999")
            #expect(rest["schedules"].array.count == 203 && rest["next"] == .null)
            let all = try await list("--limit", "5000")
            #expect(
                all["schedules"].array.map { $0["name"].string } == (10_000..<11_203).map { "s\($0)" }
                    && all["next"] == .null)
            #expect(try await list("--limit", "1101")["schedules"].array.count == 1101)
            let some = try await list("--prefix", "s1120")
            #expect(some["schedules"].array.map { $0["name"].string } == ["s11200", "s11201", "s11202"])
            let text = try await shop.penstock("schedule", "list", "--limit", "2").expect()
            #expect(text.output.count == 3 && text.errorText == "There is more: --after s10001")
        }
    }

    @Test func `one that code declares says so, is changed by hand, and stays`() async throws {
        try await Workshop.open { shop in
            var wrong: (any Error)?
            try await shop.withWorker { worker in
                worker.handleAnyKind { _, _ in nil }
                do {
                    try worker.schedule("ours", "@daily", starting: .job(kind: "k", payload: []))
                } catch { wrong = error }
            } _: {
                if let wrong { throw wrong }
                try await eventually("it to be declared") { try await shop.client.schedules().count == 1 }
                let json = try await shop.penstock("schedule", "show", "ours", "--json").expect().json()
                #expect(json["declared_at"].string != nil)
                #expect(try await shop.penstock("schedule", "show", "ours").expect().text.contains("code of workers"))
                let kept = try await shop.penstock("schedule", "delete", "ours").expect(1)
                #expect(kept.errorText.contains("declared by a live worker") && kept.output.isEmpty)
                let several = try await shop.penstock("schedule", "delete", "ours", "nobody").expect(1)
                #expect(several.output.count == 2 && several.errorText.contains("2 of 2"))
                try await shop.penstock("schedule", "update", "ours", "@hourly").expect()
                #expect(try await shop.client.schedule("ours").status().recurrence == "@hourly")
            }
        }
    }

    @Test func `what cannot be is refused, with the way out`() async throws {
        try await Workshop.open { shop in
            try await shop.penstock("schedule", "create", "jobs", "@daily", "--kind", "k").expect()
            try await shop.penstock(
                "schedule", "create", "runs", "@daily", "--workflow", "nobody-has", "--start", "2030-01-02T00:00Z"
            ).expect()
            for (words, exit, message) in [
                (["create", "jobs", "@daily", "--kind", "k"], 64, "there is a schedule jobs"),
                (["update", "jobs", "--tag", "x"], 64, "--tag is about a run, and schedule jobs starts jobs"),
                (["update", "runs", "--payload", "1"], 64, "--payload is about a job, and schedule runs starts runs"),
                (["update", "runs", "--end", "2030-01-01T00:00Z"], 64, "the end comes before the start"),
                (["trigger", "runs"], 64, "no worker has made workflow nobody-has known"),
                (["backfill", "jobs", "--from", "2030-01-01", "--through", "2030-01-02"], 64, "has not come yet"),
                (
                    ["backfill", "jobs", "--from", "2025-01-01T01:00Z", "--through", "2025-01-01T02:00Z"], 64,
                    "no tick in this time"
                ),
                (["show", "nobody"], 1, "there is no schedule nobody"),
                (["update", "nobody", "@daily"], 1, "there is no schedule nobody"),
                (["pause", "nobody"], 1, "there is no schedule nobody"),
                (["resume", "nobody"], 1, "there is no schedule nobody"),
                (["trigger", "nobody"], 1, "there is no schedule nobody"),
                (["delete", "nobody"], 1, "there is no schedule nobody"),
                (["backfill", "nobody", "--from", "2025-01-01", "--through", "2025-01-02"], 1, "no schedule nobody"),
            ] {
                let ended = try await Workshop.penstock(["schedule"] + words, environment: shop.environment)
                #expect(ended.exit == .code(Int32(exit)) && ended.output.isEmpty, "\(words)")
                #expect(ended.errorText.contains(message), "\(words): \(ended.errorText)")
            }
            let json = try await shop.penstock("schedule", "show", "nobody", "--json").expect(1)
            #expect(try JSONValue(json.errorText)["error"]["code"].string == "not_found")
            let names = try await shop.client.schedules().map(\.name)
            #expect(names == ["jobs", "runs"])
        }
    }
}
