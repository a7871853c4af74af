import PenstockStore

/// Runs, and what starts them.
extension FaultWords {
    static func ofRun(_ fault: AuditFault) -> FaultWords? {
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

    static func ofSchedule(_ fault: AuditFault) -> FaultWords? {
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
}
