import PenstockStore

/// Jobs, and where they wait.
extension FaultWords {
    static func ofTask(_ fault: AuditFault) -> FaultWords? {
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

    static func ofLane(_ fault: AuditFault) -> FaultWords? {
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

    static func ofLimit(_ fault: AuditFault) -> FaultWords? {
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
}
