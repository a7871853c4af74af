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

    private init(_ subject: String, _ what: String, _ wayOut: String) {
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

    private static func ofTask(_ fault: AuditFault) -> FaultWords? {
        let id = fault.aspect == "task" ? fault.part : fault.item
        let subject = "job \(id)"
        switch fault.name {
        case .taskLost:
            return .init(
                subject, "\(subject) is in no place, so nothing would ever run it",
                "--repair puts it at the end of its lane")
        case .taskDoubled:
            let places = fault.detail.split(separator: "\n").map { Self.place(String($0)) }
            return .init(
                subject,
                "\(subject) is in \(places.count) places (\(places.joined(separator: ", "))), so it may run twice",
                "--repair leaves it in the first that applies of worker, lane, paused run, timer, dead letters")
        case .taskMisplaced:
            return .init(
                subject, "\(subject) is in \(Self.place(fault.item)), which is not where its record says",
                "--repair moves it to where it belongs")
        case .taskUnreadable:
            return .init(
                subject, "the record of \(subject) cannot be read, so no worker can run it",
                "look at it with HGET, and remove it with HDEL and from where it waits")
        case .delayedOrphan, .deadOrphan:
            let place = fault.name == .deadOrphan ? "among the dead letters" : "among the timers"
            return .init(
                subject, "\(subject) is \(place) of queue \(fault.part), and there is no such job",
                "--repair removes the entry; if the job should exist, enqueue it again")
        case .delayedRunless:
            return .init(
                subject, "\(subject) is a timer of run \(fault.detail), which is gone", "--repair removes it")
        default: return nil
        }
    }

    private static func ofLane(_ fault: AuditFault) -> FaultWords? {
        let lane = Self.lane(fault.aspect == "lanes" ? fault.item : fault.part)
        let tenant = fault.item.isEmpty ? "without a name" : fault.item
        switch fault.name {
        case .laneUnreadable:
            return .init(
                "key lane:\(fault.part)",
                "the lane \(fault.part.debugDescription) has no readable name, so nobody serves it",
                "look at its jobs with LRANGE, and remove it")
        case .laneUnserved:
            return .init(
                lane, "\(lane) holds jobs and has no turn, so nobody would ever serve it", "--repair gives it its turn")
        case .turnEmpty:
            return .init(
                "queue \(fault.part)", "tenant \(tenant) has a turn in queue \(fault.part) and no job that is ready",
                "--repair takes the turn away")
        case .wideEmpty:
            return .init(
                "queue \(fault.part)",
                "tenant \(tenant) of queue \(fault.part) is noted as having several lanes, and has no list of them",
                "--repair removes the note")
        case .lanesWrong:
            return .init(
                lane,
                "\(lane) is listed to be served and is empty, parked, or of a tenant who is not noted as having several",
                "--repair lists it only if it holds jobs that may run")
        case .kindsEmpty:
            return .init(
                "queue \(fault.part)",
                "jobs of kind \(fault.item) are said to be set aside in queue \(fault.part), and none is",
                "--repair removes the note")
        case .queueUnlisted:
            return .init(
                "queue \(fault.part)",
                "queue \(fault.part) has jobs and is not among the queues, so lists leave it out", "--repair lists it")
        default: return nil
        }
    }

    private static func ofLimit(_ fault: AuditFault) -> FaultWords? {
        switch fault.name {
        case .holdersLeaked:
            return .init(
                "limit \(fault.part)",
                "job \(fault.item) has a slot of limit \(fault.part) and no worker runs it, so the slot is lost to others",
                "--repair frees the slot and wakes who waits for it")
        case .heldUncounted:
            return .init(
                "limit \(fault.detail)",
                "job \(fault.item) runs under limit \(fault.detail) and has no slot of it, so more may run than allowed",
                "--repair counts it")
        case .parkedEmpty:
            return .init(
                lane(fault.item), "\(lane(fault.item)) is parked by limit \(fault.detail), and it is empty",
                "--repair takes it out of the line")
        case .parkedUnlined:
            return .init(
                lane(fault.item),
                "\(lane(fault.item)) is parked by limit \(fault.detail) and does not stand in its line, so nobody would wake it",
                "--repair gives it a turn; if the limit blocks it, it is parked again, in line")
        case .parkedUnwoken:
            return .init(
                lane(fault.item),
                "\(lane(fault.item)) is parked by limit \(fault.detail), and neither a timer nor a slot would wake it",
                "--repair gives it a turn; if the limit blocks it, it is parked again")
        case .linesEmpty, .linesOrphan:
            return .init(
                "limit \(fault.item)", "the line of limit \(fault.item) names a lane that is not parked by it",
                "--repair removes the entry")
        case .waitingOrphan:
            return .init(
                "limit \(fault.part)",
                "\(lane(fault.item)) stands in the line of limit \(fault.part), and is not parked by it",
                "--repair takes it out of the line")
        case .waitingUnnoted:
            return .init(
                "limit \(fault.part)",
                "several lanes stand in the line of limit \(fault.part), and it is noted as having one or none, so they would not be woken",
                "--repair notes them")
        default: return nil
        }
    }

    private static func ofBond(_ fault: AuditFault) -> FaultWords? {
        let job = "job \(fault.item)"
        let target = String(fault.detail.dropFirst())
        switch fault.name {
        case .triesOrphan:
            return .init(job, "attempts of \(job) are kept, and there is no such job", "--repair forgets them")
        case .cancelsStale:
            return .init(
                job, "\(job) was asked to end and no worker runs it",
                "--repair takes the request back; cancel it again if it waits")
        case .progressOrphan:
            return .init(
                job, "progress of \(job) is kept, and there is no such job that tells any", "--repair forgets it")
        case .logOrphan:
            return .init(
                "job \(fault.part)", "log lines of job \(fault.part) are kept for ever, and there is no such job",
                "--repair removes them")
        case .bondsOrphan:
            return .init(
                job, "\(job) is gone, and its locks, its place in a batch and those who wait for it were not told",
                "--repair tells them that it was discarded")
        case .bondsUnknown:
            return .init(
                job, "\(job) has a bond \(fault.detail.debugDescription) that this version does not know",
                "upgrade this program, or look at the hash bonds")
        case .bondsLockless:
            let name = String(target.dropFirst())
            return .init(
                job, "\(job) should hold the unique key \(name) and does not, so another like it could be enqueued",
                "--repair gives it the key if nobody has it, and else lets it go on without")
        case .bondsOutside:
            return .init(
                job, "\(job) belongs to batch \(target), which does not count it, so the batch would not wait for it",
                "--repair adds it if the batch goes on")
        case .bondsUncounted:
            return .init(
                job, "\(job) counts under the length cap of \(target.debugDescription) and is not counted",
                "--repair counts it")
        case .uniqueOrphan:
            return .init(
                "unique key \(fault.part)",
                "the unique key \(fault.part) is held by job \(fault.detail), which is gone or not bound to it, so no other like it can be enqueued",
                "--repair frees the key")
        case .liveOrphan:
            return .init(
                "cap \(fault.part.debugDescription)",
                "\(job) takes a place under the length cap of \(fault.part.debugDescription), and is gone or not bound to it",
                "--repair frees the place")
        default: return nil
        }
    }

    private static func ofBatch(_ fault: AuditFault) -> FaultWords? {
        let batch = "batch \(fault.part)"
        switch fault.name {
        case .membersOrphan:
            return .init(
                batch, "\(batch) waits for \(fault.item), which is gone or not bound to it, so it would never end",
                "--repair counts it as failed, since nobody knows how it ended")
        case .awaitsOrphan:
            return .init(
                "batch \(fault.detail)",
                "callback \(fault.item) waits for batch \(fault.detail), which does not know it", "--repair forgets it")
        case .batchUnreadable:
            return .init(batch, "\(batch) has no readable facts", "look at it with HGETALL, and remove it")
        case .batchUnended:
            return .init(
                batch, "\(batch) is sealed and has no member left, and it has not ended, so its callbacks wait",
                "--repair ends it and fires them")
        case .batchUnending:
            return .init(batch, "\(batch) has ended and would be kept for ever", "--repair lets it expire")
        case .batchFleeting: return .init(batch, "\(batch) goes on and would expire", "--repair keeps it")
        default: return nil
        }
    }

    private static func ofWorker(_ fault: AuditFault) -> FaultWords? {
        let worker = "worker \(fault.item.isEmpty ? fault.part : fault.item)"
        switch fault.name {
        case .workersDead:
            let held = fault.detail.prefix { $0 != " " }
            return .init(
                worker, "\(worker) is dead and nobody took over what it holds (jobs: \(held))",
                "start a worker, which does it, or --repair gives the jobs back to their lanes")
        case .workersNameless:
            return .init(
                worker, "nothing is known of \(worker), which has a lease",
                "it is forgotten when its lease ends; restart it if it runs")
        case .workerLeftover: return .init(worker, "\(worker) is gone and facts of it are kept", "--repair forgets it")
        case .wakeLeftover:
            return .init(worker, "\(worker) is gone and hints for it are kept for ever", "--repair removes them")
        case .queueUnattended:
            return .init(
                "queue \(fault.part)",
                "queue \(fault.part) has jobs that have been due for more than a minute, and no live worker takes from it",
                "start a worker with it (--queues \(fault.part)), or pause the queue")
        case .inboxUnattended:
            return .init(
                "inbox", "the inbox has entries that are older than a minute, and no worker is alive",
                "start a worker: it turns them into jobs")
        case .idleGone:
            return .init(
                worker, "\(worker) is gone and counts as idle in queue \(fault.part), so hints are wasted on it",
                "--repair forgets it")
        case .heldGone:
            return .init(
                "job \(fault.item)",
                "job \(fault.item) is held by worker \(fault.part), which is gone, so nobody would give it back",
                "--repair gives it back to its lane")
        case .heldOrphan:
            return .init(
                "job \(fault.item)", "worker \(fault.part) holds job \(fault.item), and there is no such job",
                "--repair ends the lease and frees its slots")
        default: return nil
        }
    }

    private static func ofRun(_ fault: AuditFault) -> FaultWords? {
        let run = "run \(fault.part)"
        let listed = "run \(fault.aspect == "foreign" ? fault.detail : fault.item)"
        switch fault.name {
        case .runUnreadable:
            return .init(
                run, "\(run) has no readable facts, so nothing can move it",
                "look at it with HGETALL, and start it again under another id")
        case .runHistoryless: return .init(run, "\(run) has no history", "nothing brings it back; the run goes on")
        case .runShapeless:
            return .init(
                run,
                "\(run) needs the shape \(fault.detail) of its workflow, which is not stored, so no worker can plan it",
                "start a worker that has this version of the workflow: it stores the shape")
        case .runNameless:
            return .init(
                run,
                "\(run) is live and does not hold its foreign id \(fault.detail.debugDescription), so another could be started with it",
                "--repair gives it the id if nobody has it")
        case .runUnindexed:
            return .init(
                run, "\(run) is not listed, or wrongly, in \(fault.detail.debugDescription), so lists leave it out",
                "--repair lists it")
        case .runUnretained:
            return .init(run, "\(run) has ended and would be kept for ever", "--repair lets its time begin now")
        case .runFans:
            return .init(run, "\(run) counts other fan-outs than it lists", "--repair lists those that it counts")
        case .runListless:
            return .init(
                run,
                "step \(fault.item.isEmpty ? fault.detail : fault.item) of \(run) has a fan-out without its list of items, or the reverse",
                "run again from that step: penstock run rerun")
        case .runRemains:
            return .init(run, "the data of \(run) were deleted and some are left", "--repair removes them")
        case .runOpen:
            let counts = fault.detail.split(separator: " ")
            return .init(
                run,
                "\(run) counts \(counts.first ?? "") as open and \(counts.last ?? "") are, so it would end too early or never",
                "cancel it, or run it again: penstock run cancel, penstock run rerun")
        case .runIdleStep:
            return .init(
                run, "step \(fault.item) of \(run) is under way and has no job, so nothing would ever end it",
                "cancel the run, or run again from that step: penstock run rerun")
        case .runUndeleted:
            return .init(run, "the data of \(run) are to be deleted and no job does it", "ask for it again")
        case .timersOrphan:
            return .init(
                run, "timer \(fault.item.debugDescription) of \(run) is job \(fault.detail), which is gone or another",
                "--repair forgets the timer")
        case .partOrphan, .partFanless:
            let owner = fault.name == .partOrphan ? "its run is gone" : "its step has no fan-out"
            return .init(
                "key \(fault.part)", "the key \(fault.part.debugDescription) is left behind: \(owner)",
                "--repair removes it, and puts jobs that it holds back into their lanes")
        case .itemsUnlisted:
            return .init(
                "key items:\(fault.part)",
                "item \(fault.item) of the fan-out \(fault.part) is listed as failed and is not, or the reverse",
                "--repair lists what its result says")
        case .brokenOrphan:
            return .init(
                "key broken:\(fault.part)",
                "item \(fault.item) of the fan-out \(fault.part) is listed as failed, and has not failed",
                "--repair removes it from the list")
        case .runsStale, .taggedStale, .namedStale, .retainedStale:
            return .init(
                listed,
                "\(listed) is listed in \((fault.aspect + ":" + fault.part).debugDescription), and is gone or something else",
                "--repair removes it from the list")
        case .foreignStale:
            return .init(
                listed,
                "the foreign id \(fault.item.debugDescription) is held by \(listed), which is gone, over or another, so no other can be started with it",
                "--repair frees it")
        case .workflowsShapeless:
            return .init(
                "workflow \(fault.item.debugDescription)",
                "the shape of workflow \(fault.item.debugDescription) is not stored",
                "start a worker that has it: it stores the shape")
        default: return nil
        }
    }

    private static func ofSchedule(_ fault: AuditFault) -> FaultWords? {
        let schedule = "schedule \(fault.item.isEmpty ? fault.part : fault.item)"
        switch fault.name {
        case .schedulesOrphan:
            return .init(
                schedule, "\(schedule) is listed and not stored",
                "--repair removes it from the list; create it again if you miss it")
        case .scheduleUnlisted: return .init(schedule, "\(schedule) is stored and not listed", "--repair lists it")
        case .scheduleUnreadable:
            return .init(
                schedule, "\(schedule) lacks a part of what it needs, so it cannot fire",
                "save it again: penstock schedule update")
        case .scheduleAsleep:
            return .init(
                schedule, "\(schedule) has a next tick and nobody looks at it, so it would never fire",
                "--repair lets it be looked at when its tick is due")
        case .scheduleStuck:
            return .init(
                schedule, "\(schedule) waits for the end of something that goes on no more, so it would never fire",
                "--repair lets it be looked at now")
        case .ticksOrphan:
            return .init(schedule, "\(schedule) is due, and is gone or paused", "--repair takes it out of what is due")
        case .tickedOrphan:
            return .init(schedule, "\(schedule) is gone and notes of its ticks are kept", "--repair removes them")
        case .firesStale:
            return .init(
                "schedule \(fault.part)",
                "schedule \(fault.part) takes \(fault.item) for live, which is over or another, so its policy of overlaps would wait for it",
                "--repair forgets it")
        case .roleUnreadable:
            return .init(
                "role \(fault.part)", "the facts of role \(fault.part) cannot be read, so nobody can take it",
                "DEL its key: whoever takes it next has a greater fence than all before")
        case .connectionsUnreadable:
            let connection = fault.item.split(separator: "\t").last.map(String.init) ?? fault.item
            return .init(
                "connection \(connection)",
                "the connection \(fault.item.debugDescription) cannot be read, so commits of runs may fail",
                "HDEL it, and restart the workers that declare it")
        case .againOrphan:
            return .init(
                "connector \(fault.part)",
                "event \(fault.item) of connector \(fault.part) is to be tried again, and is not among those set aside",
                "--repair forgets it")
        default: return nil
        }
    }

    private static func ofKey(_ fault: AuditFault) -> FaultWords {
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
    private static func lane(_ name: String) -> String {
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

    private static func place(_ key: String) -> String {
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
