import PenstockStore

/// What is kept beside jobs, and who runs them.
extension FaultWords {
    static func ofBond(_ fault: AuditFault) -> FaultWords? {
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

    static func ofBatch(_ fault: AuditFault) -> FaultWords? {
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

    static func ofWorker(_ fault: AuditFault) -> FaultWords? {
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
                "inbox", "entry \(fault.detail) of the inbox is older than a minute, and no worker is alive",
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
}
