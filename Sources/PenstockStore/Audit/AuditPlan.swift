/// Which keys are checked by which rules: see the includes `check_...` of `lua/`, and `shape_of`.
enum AuditPlan {
    /// Keys in which tasks are.
    static let places: Set = ["lane", "delayed", "held", "dead", "shelf"]

    /// Keys whose elements are checked one by one, or that are checked as a whole, under their own name.
    private static let own: Set = [
        "tries", "cancels", "progress", "bonds", "awaits", "held", "parked", "lines", "timers", "items", "foreign",
        "workflows", "wide", "kinds", "idle", "holders", "members", "fires", "again", "turn", "lanes", "delayed",
        "dead",
        "waiting", "workers", "live", "runs", "tagged", "named", "retained", "broken", "schedules", "ticks", "lane",
        "unique", "batch", "log", "worker", "wake", "run", "schedule", "ticked", "inbox", "role",
        "connections",
    ]
    /// Parts of a run.
    private static let parts: Set = [
        "history", "timers", "shelf", "fans", "signals", "vars", "errors", "items", "broken",
    ]
    /// What has to expire; of locks some have to.
    private static let mortal: Set = ["result", "sent", "dedupe", "sweeping", "nudges", "unique"]

    static func checks(of form: KeyForm, key: String) -> [(aspect: String, part: String)] {
        var checks: [(String, String)] = []
        if own.contains(form.name) { checks.append((form.name, form.part)) }
        if parts.contains(form.name) { checks.append(("part", key)) }
        if mortal.contains(form.name) { checks.append(("life", key)) }
        return checks
    }

    /// The queue that a key speaks of.
    static func queue(of form: KeyForm) -> String? {
        switch form.name {
        // One without a tab has no name that can be read: that is told of the lane.
        case "lane" where form.part.contains("\t"): String(form.part.prefix { $0 != "\t" && $0 != "|" })
        case "delayed", "dead": form.part
        default: nil
        }
    }

    /// How many elements a call looks at: fewer where a rule asks more.
    static func chunk(of aspect: String, _ chunk: Int) -> Int {
        switch aspect {
        case "run": max(1, chunk / 25)
        // Their values may be large.
        case "items", "awaits", "progress": max(1, chunk / 10)
        case "lane", "parked", "bonds", "workers", "schedule", "held", "timers": max(1, chunk / 2)
        default: chunk
        }
    }
}
