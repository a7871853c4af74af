import PenstockStore

extension Finding {
    init(_ fault: AuditFault) {
        let words = FaultWords(fault)
        code = fault.name.rawValue
        severity = fault.name.isWarning ? .warning : .fault
        subject = words.subject
        text = "\(words.what): \(words.wayOut)"
        isRepairable = fault.name.isMendable
        repair =
            switch fault.answer {
            case .untried: .none
            case .mended: .repaired
            case .gone: .gone
            case .left: .left
            }
    }
}

/// A fault in words: what it is about, what is wrong, and the way out.
struct FaultWords {
    let subject: String
    let what: String
    let wayOut: String

    init(_ subject: String, _ what: String, _ wayOut: String) {
        self.subject = subject
        self.what = what
        self.wayOut = wayOut
    }

    init(_ fault: AuditFault) {
        let domains = [Self.ofTask, Self.ofLane, Self.ofLimit, Self.ofBond, Self.ofBatch, Self.ofWorker, Self.ofRun]
        for domain in domains {
            if let words = domain(fault) {
                self = words
                return
            }
        }
        self = Self.ofSchedule(fault) ?? Self.ofKey(fault)
    }

    static func ofKey(_ fault: AuditFault) -> FaultWords {
        let key = "key \(fault.part.debugDescription)"
        switch fault.name {
        case .keyUnknown:
            return .init(
                key, "nobody knows the \(key) of this namespace",
                "upgrade this program if a newer one wrote it, and else remove it")
        case .keyWrongType:
            return .init(
                key, "the \(key) is a \(fault.detail), which it should not be, so scripts that meet it fail",
                "rename it, and look what wrote it")
        case .lifeUnending:
            return .init(key, "the \(key) should expire and would be kept for ever", "--repair lets it expire in a day")
        case .lifeFleeting:
            return .init(
                key, "the \(key) is a lock of a job and would expire before it",
                "--repair keeps it until the job lets go of it")
        default:
            return .init(
                "keys \(fault.part)",
                "keys \(fault.part) could not be checked, since a key that belongs to them has a wrong type",
                "put that key right first")
        }
    }

    /// A lane, from its name: `ring TAB tenant [TAB priority TAB keys]`.
    static func lane(_ name: String) -> String {
        let fields = name.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count > 1 else { return "the lane \(name.debugDescription)" }
        let ring = fields[0].split(separator: "|", maxSplits: 1)
        var words = "the lane of queue \(ring.first ?? "")"
        if !fields[1].isEmpty { words += ", tenant \(fields[1])" }
        if ring.count > 1 { words += ", set aside for kind \(ring[1])" }
        if fields.count > 2, !fields[2].isEmpty { words += ", priority \(fields[2])" }
        if fields.count > 3 { words += ", limits \(fields[3...].joined(separator: " "))" }
        return words
    }

    static func place(_ key: String) -> String {
        let form = key.prefix { $0 != ":" }
        let part = String(key.dropFirst(form.count + 1))
        return switch form {
        case "lane": lane(part)
        case "delayed": "the timers of queue \(part)"
        case "dead": "the dead letters of queue \(part)"
        case "held": "the hands of worker \(part)"
        default: "what is put aside of run \(part)"
        }
    }
}
