import PenstockModel
import RedisClient

extension Store {
    /// Log lines that are kept of a task, the newest.
    package static let logLines = 1000
    /// The longest log line or progress message, in bytes.
    package static let noteBytes = 4096

    /// Notes progress and log lines of a running task. False if its lease is lost: nothing was noted then.
    package func note(
        worker: String, id: TaskID, claim: Int, progress: String?, lines: [String]
    ) async throws(StoreError) -> Bool {
        var arguments = RedisArguments([worker, id.rawValue, String(claim), progress ?? "", String(Self.logLines)])
        for line in lines.suffix(Self.logLines) { arguments.append(line) }
        return try await call(Scripts.note, arguments).text == "1"
    }

    /// What a running task said last of its progress.
    package func progress(_ id: TaskID) async throws(StoreError) -> String? {
        try await send(RedisCommand("HGET", keys.progress, id.rawValue)).text
    }

    package func logLines(_ id: TaskID, last count: Int) async throws(StoreError) -> [String] {
        let reply = try await send(RedisCommand("LRANGE", keys.log(id.rawValue), "\(-max(count, 1))", "-1"))
        return (reply.array ?? []).compactMap { $0.bytes.map { String(decoding: $0, as: UTF8.self) } }
    }
}
