/// What can be wrong with a namespace. The raw values are what scripts, the JSON of `penstock doctor` and its page call it.
package enum FaultName: String, Sendable, Hashable, CaseIterable {
    // Tasks
    case taskLost = "task.lost"
    case taskDoubled = "task.doubled"
    case taskMisplaced = "task.misplaced"
    case taskUnreadable = "task.unreadable"
    case delayedOrphan = "delayed.orphan"
    case delayedRunless = "delayed.runless"
    case deadOrphan = "dead.orphan"
    // Lanes and turns
    case laneUnreadable = "lane.unreadable"
    case laneUnserved = "lane.unserved"
    case turnEmpty = "turn.empty"
    case wideEmpty = "wide.empty"
    case lanesWrong = "lanes.wrong"
    case kindsEmpty = "kinds.empty"
    case queueUnlisted = "queue.unlisted"
    case queueUnattended = "queue.unattended"
    case inboxUnattended = "inbox.unattended"
    // Limits
    case holdersLeaked = "holders.leaked"
    case heldUncounted = "held.uncounted"
    case parkedEmpty = "parked.empty"
    case parkedUnlined = "parked.unlined"
    case parkedUnwoken = "parked.unwoken"
    case linesEmpty = "lines.empty"
    case linesOrphan = "lines.orphan"
    case waitingOrphan = "waiting.orphan"
    case waitingUnnoted = "waiting.unnoted"
    // What is written beside tasks
    case triesOrphan = "tries.orphan"
    case cancelsStale = "cancels.stale"
    case progressOrphan = "progress.orphan"
    case logOrphan = "log.orphan"
    case bondsOrphan = "bonds.orphan"
    case bondsUnknown = "bonds.unknown"
    case bondsLockless = "bonds.lockless"
    case bondsOutside = "bonds.outside"
    case bondsUncounted = "bonds.uncounted"
    case uniqueOrphan = "unique.orphan"
    case liveOrphan = "live.orphan"
    // Batches
    case membersOrphan = "members.orphan"
    case awaitsOrphan = "awaits.orphan"
    case batchUnreadable = "batch.unreadable"
    case batchUnended = "batch.unended"
    case batchUnending = "batch.unending"
    case batchFleeting = "batch.fleeting"
    // Workers
    case workersDead = "workers.dead"
    case workersNameless = "workers.nameless"
    case workerLeftover = "worker.leftover"
    case wakeLeftover = "wake.leftover"
    case idleGone = "idle.gone"
    case heldGone = "held.gone"
    case heldOrphan = "held.orphan"
    // Runs
    case runUnreadable = "run.unreadable"
    case runHistoryless = "run.historyless"
    case runShapeless = "run.shapeless"
    case runNameless = "run.nameless"
    case runUnindexed = "run.unindexed"
    case runUnretained = "run.unretained"
    case runFans = "run.fans"
    case runListless = "run.listless"
    case runRemains = "run.remains"
    case runOpen = "run.open"
    case runIdleStep = "run.idle_step"
    case runUndeleted = "run.undeleted"
    case partOrphan = "part.orphan"
    case partFanless = "part.fanless"
    case timersOrphan = "timers.orphan"
    case itemsUnlisted = "items.unlisted"
    case brokenOrphan = "broken.orphan"
    case runsStale = "runs.stale"
    case taggedStale = "tagged.stale"
    case namedStale = "named.stale"
    case retainedStale = "retained.stale"
    case foreignStale = "foreign.stale"
    case workflowsShapeless = "workflows.shapeless"
    // Schedules and connectors
    case schedulesOrphan = "schedules.orphan"
    case scheduleUnlisted = "schedule.unlisted"
    case scheduleUnreadable = "schedule.unreadable"
    case scheduleAsleep = "schedule.asleep"
    case scheduleStuck = "schedule.stuck"
    case ticksOrphan = "ticks.orphan"
    case tickedOrphan = "ticked.orphan"
    case firesStale = "fires.stale"
    case againOrphan = "again.orphan"
    // Roles and connections
    case roleUnreadable = "role.unreadable"
    case connectionsUnreadable = "connections.unreadable"
    // Keys
    case keyUnknown = "key.unknown"
    case keyWrongType = "key.wrong_type"
    case lifeUnending = "life.unending"
    case lifeFleeting = "life.fleeting"
    case auditHindered = "audit.hindered"

    /// Whether nothing is broken, and somebody should look all the same.
    package var isWarning: Bool { [.workersDead, .queueUnattended, .inboxUnattended].contains(self) }

    /// Whether there is a rule by which it is mended.
    package var isMendable: Bool {
        switch self {
        case .taskUnreadable, .laneUnreadable, .bondsUnknown, .batchUnreadable, .workersNameless, .runUnreadable,
            .runHistoryless, .runShapeless, .runListless, .runOpen, .runIdleStep, .runUndeleted, .workflowsShapeless,
            .scheduleUnreadable, .queueUnattended, .inboxUnattended, .roleUnreadable, .connectionsUnreadable,
            .keyUnknown, .keyWrongType, .auditHindered:
            false
        default: true
        }
    }
}

/// One thing that is wrong: which, and with what. `part` follows the name in a key (`aspect:part`), `item` is an element of
/// it, or empty for the key itself.
package struct AuditFault: Sendable, Hashable {
    package var name: FaultName
    package var aspect: String
    package var part: String
    package var item = ""
    package var detail = ""
    package var answer = MendAnswer.untried

    package init(name: FaultName, aspect: String, part: String, item: String = "", detail: String = "") {
        self.name = name
        self.aspect = aspect
        self.part = part
        self.item = item
        self.detail = detail
    }
}

/// What became of a fault.
package enum MendAnswer: String, Sendable, Hashable {
    /// Nobody has asked for it, or there is no rule for it.
    case untried
    case mended
    /// It was not there any more when it came to it.
    case gone
    /// The rule does not hold for it now.
    case left
}
