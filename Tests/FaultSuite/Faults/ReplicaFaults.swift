import PenstockTesting

/// A replica takes the place of Redis.
struct Promotion: InjectedFault {
    let isLagging: Bool
    var name: String { isLagging ? "promotion-lagging" : "promotion" }
    var words: String {
        isLagging
            ? "Redis is killed and a replica promoted that lacks the last half second; what a replica has confirmed stays"
            : "a replica is promoted that has everything"
    }
    var plan: Plan { Plan(hasReplica: true) }

    func inject(_ stage: Stage) async throws {
        guard let replica = stage.replica, let between = stage.replicationProxy else {
            throw SuiteError("there is no replica")
        }
        try await stage.wait(for: "the replica to follow") {
            try await stage.info("replication", "connected_slaves") == 1
        }
        if isLagging {
            let since = Moment.now
            between.setTraffic(.refused)
            await between.closeAllConnections()
            try await stage.pause(.milliseconds(500))
            // What was on its way when the link broke is lost as well: a tenth of a second is plenty on one machine.
            stage.allowance.forgotten = (since - 100)...Moment.now
        } else {
            // As a failover in order does it: nothing new, then the rest.
            stage.proxy.setTraffic(.refused)
            await stage.proxy.closeAllConnections()
            try await stage.wait(for: "the replica to have everything") {
                let text = try await stage.command("INFO", "replication").text ?? ""
                let offset = try await stage.info("replication", "master_repl_offset")
                return text.contains("offset=\(offset),")
            }
        }
        stage.proxy.setTraffic(.refused)
        await stage.proxy.closeAllConnections()
        await stage.redis.kill()
        try stage.turn(to: replica)
        // The one that is gone is stopped at the end.
        (stage.redis, stage.replica) = (replica, stage.redis)
        try await stage.wait(for: "the promotion") {
            try await stage.command("REPLICAOF", "NO", "ONE").text == "OK"
        }
        // Up to here only the one that is gone has answered.
        if isLagging, let forgotten = stage.allowance.forgotten {
            stage.allowance.forgotten = forgotten.lowerBound...Moment.now
        }
        stage.proxy.setTraffic(.passThrough)
    }
}
