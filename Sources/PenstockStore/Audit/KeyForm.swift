/// A key of a namespace by the name that Storage.md gives it: `name`, or `name:part`.
package struct KeyForm: Sendable, Hashable {
    package enum Shape: String, Sendable, Hashable {
        case string, list, set, hash, stream
        case sortedSet = "zset"
    }

    package let name: String
    package let part: String
    package let shape: Shape

    package var mayExpire: Bool { shape == .string || ["wake", "log", "batch", "nudges"].contains(name) }

    /// Nil for a key that nobody knows.
    package init?(key: Substring) {
        let pieces = key.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = pieces.first else { return nil }
        name = String(first)
        part = pieces.count > 1 ? String(pieces[1]) : ""
        guard let known = Self.names[name], known.isSplit == (pieces.count > 1) else { return nil }
        shape = known.shape
    }

    /// Every name of a key; split ones go on with a part.
    package static let names: [String: (shape: Shape, isSplit: Bool)] = [
        "tasks": (.hash, false), "tries": (.hash, false), "cancels": (.hash, false), "queues": (.set, false),
        "workers": (.sortedSet, false), "paused": (.hash, false), "clock": (.hash, false),
        "lane": (.list, true), "turn": (.sortedSet, true), "wide": (.set, true), "lanes": (.sortedSet, true),
        "kinds": (.set, true), "weights": (.hash, true), "delayed": (.sortedSet, true), "dead": (.sortedSet, true),
        "totals": (.hash, true), "idle": (.set, true), "held": (.hash, true), "worker": (.hash, true),
        "limits": (.hash, false), "tokens": (.hash, false), "holders": (.set, true), "lines": (.hash, false),
        "waiting": (.sortedSet, true),
        "parked": (.hash, true), "refill": (.sortedSet, true), "contended": (.sortedSet, false),
        "bonds": (.hash, false),
        "unique": (.string, true), "expiring": (.sortedSet, true), "caps": (.hash, false), "live": (.sortedSet, true),
        "batch": (.hash, true), "members": (.set, true), "awaits": (.hash, false), "progress": (.hash, false),
        "run": (.hash, true), "history": (.stream, true), "timers": (.hash, true), "shelf": (.list, true),
        "fans": (.set, true), "items": (.hash, true), "broken": (.sortedSet, true), "shapes": (.hash, false),
        "foreign": (.hash, false), "signals": (.hash, true), "runs": (.sortedSet, true), "tagged": (.sortedSet, true),
        "named": (.sortedSet, true), "workflows": (.hash, false), "retained": (.sortedSet, false),
        "sweeping": (.string, false), "role": (.hash, true), "connectors": (.hash, false),
        "connections": (.hash, false), "aside": (.hash, true),
        "again": (.set, true), "vars": (.hash, true), "errors": (.hash, true),
        "nudges": (.stream, true),
        "schedule": (.hash, true), "schedules": (.sortedSet, false), "ticks": (.sortedSet, false),
        "fires": (.set, true), "ticked": (.list, true),
        "log": (.list, true), "inbox": (.stream, false), "rejected": (.stream, false),
        "wake": (.list, true), "sent": (.string, true), "dedupe": (.string, true), "result": (.string, true),
    ]
}
