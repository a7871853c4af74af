import PenstockModel

/// The names of the keys of one shard, for the few plain commands that need no script. The scripts build the same names
/// in `lua/includes/key.lua`; Sources/Penstock/Penstock.docc/Storage.md lists them all.
package struct KeySpace: Sendable, Hashable {
    package let namespace: String
    package let shard: Int

    /// What every key of the shard starts with: its hash tag, so that a script never crosses a slot.
    package let prefix: String

    package init(namespace: String, shard: Int = 0) throws(InvalidName) {
        try Name.namespace.check(namespace)
        self.namespace = namespace
        self.shard = shard
        prefix = "{\(namespace):\(shard)}:"
    }

    package var tasks: String { prefix + "tasks" }
    package var tries: String { prefix + "tries" }
    package var queues: String { prefix + "queues" }
    package var workers: String { prefix + "workers" }
    package var paused: String { prefix + "paused" }
    package var limits: String { prefix + "limits" }
    package var tokens: String { prefix + "tokens" }
    package var caps: String { prefix + "caps" }
    package var progress: String { prefix + "progress" }
    package var inbox: String { prefix + "inbox" }
    package var rejected: String { prefix + "rejected" }
    package var clock: String { prefix + "clock" }
    package func sent(_ token: String) -> String { prefix + "sent:" + token }
    package func kinds(_ queue: String) -> String { prefix + "kinds:" + queue }
    package func delayed(_ queue: String) -> String { prefix + "delayed:" + queue }
    package func expiring(_ queue: String) -> String { prefix + "expiring:" + queue }
    package func dead(_ queue: String) -> String { prefix + "dead:" + queue }
    package func weights(_ queue: String) -> String { prefix + "weights:" + queue }
    package func totals(_ queue: String) -> String { prefix + "totals:" + queue }
    package func held(_ worker: String) -> String { prefix + "held:" + worker }
    package func worker(_ worker: String) -> String { prefix + "worker:" + worker }
    package func holders(_ limit: String) -> String { prefix + "holders:" + limit }
    package var lines: String { prefix + "lines" }
    package func waiting(_ limit: String) -> String { prefix + "waiting:" + limit }
    package func log(_ id: String) -> String { prefix + "log:" + id }
    package func batch(_ id: String) -> String { prefix + "batch:" + id }
    package func members(_ batch: String) -> String { prefix + "members:" + batch }
    package func live(_ target: String) -> String { prefix + "live:" + target }
    package var schedules: String { prefix + "schedules" }
    package func ticked(_ schedule: String) -> String { prefix + "ticked:" + schedule }
    package var foreign: String { prefix + "foreign" }
    package var shapes: String { prefix + "shapes" }
    package func run(_ id: RunID) -> String { prefix + "run:" + id.rawValue }
    package func history(_ id: RunID) -> String { prefix + "history:" + id.rawValue }
    package func errors(_ id: RunID) -> String { prefix + "errors:" + id.rawValue }
    package var workflows: String { prefix + "workflows" }
    package func runs(_ workflow: String, _ letter: String) -> String { prefix + "runs:\(workflow):\(letter)" }
    package func tagged(_ tag: String) -> String { prefix + "tagged:" + tag }
    package func named(_ workflow: String, _ foreignID: String) -> String {
        prefix + "named:\(workflow)\t\(foreignID)"
    }
    package func vars(_ id: RunID) -> String { prefix + "vars:" + id.rawValue }
    package func items(_ id: RunID, _ step: String) -> String { prefix + "items:" + id.rawValue + ":" + step }
    package func nudges(_ watcher: String) -> String { prefix + "nudges:" + watcher }
    /// The key of a signal: see `lua/signal.lua`.
    package func signalled(_ key: String) -> String { prefix + "dedupe:\tg" + key }
    package var connections: String { prefix + "connections" }
    package var connectors: String { prefix + "connectors" }
    package func aside(_ connector: String) -> String { prefix + "aside:" + connector }
    package func again(_ connector: String) -> String { prefix + "again:" + connector }
    package func role(_ name: String) -> String { prefix + "role:" + name }
    package func wake(_ worker: String) -> String { prefix + "wake:" + worker }
}
