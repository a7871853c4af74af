import PenstockModel

/// A task as Redis keeps it: a head of names and options in text, then the payload, byte for byte.
///
///     kind TAB queue TAB tenant TAB priority [TAB option=value ...] LF payload
///
/// The priority is empty for the normal one. Options: `m` attempts, `b` back-off (`c|l|e,first,cap,jitter`), `t` attempt
/// timeout, `r` retention, `d` deadline, all in ms; `l` a limit key, as often as there are keys; `g` batch; `w` the run that it belongs to;
/// `h` headers (see `HeaderText`). Names have no control characters, so the head is unambiguous.
package struct TaskRecord: Sendable, Hashable {
    package var kind: String
    package var queue: String
    package var tenant: String
    package var priority: Priority
    package var options: TaskOptions
    package var payload: [UInt8]

    package init(
        kind: String, queue: String, tenant: String = "", priority: Priority = .normal, options: TaskOptions = .init(),
        payload: [UInt8]
    ) {
        self.kind = kind
        self.queue = queue
        self.tenant = tenant
        self.priority = priority
        self.options = options
        self.payload = payload
    }

    /// The lane that the task waits in.
    package var lane: String {
        var lane = "\(queue)\t\(tenant)"
        if priority != .normal || !options.limits.isEmpty {
            lane += priority == .normal ? "\t" : "\t\(priority.rawValue)"
        }
        for limit in options.limits { lane += "\t\(limit)" }
        return lane
    }

    /// The head, without the line feed.
    package var head: String {
        var head = "\(kind)\t\(queue)\t\(tenant)\t"
        if priority != .normal { head += String(priority.rawValue) }
        if let attempts = options.maxAttempts { head += "\tm=\(attempts)" }
        if let backoff = options.backoff {
            let shape =
                switch backoff.shape {
                case .constant: "c"
                case .linear: "l"
                case .exponential: "e"
                }
            head += "\tb=\(shape),\(backoff.first.milliseconds),\(backoff.cap.milliseconds),\(backoff.jitter)"
        }
        if let timeout = options.timeout { head += "\tt=\(timeout.milliseconds)" }
        if let retention = options.retention { head += "\tr=\(retention.milliseconds)" }
        if let deadline = options.deadline { head += "\td=\(deadline)" }
        for limit in options.limits { head += "\tl=\(limit)" }
        if let batch = options.batch { head += "\tg=\(batch)" }
        if let run = options.run { head += "\tw=\(run)" }
        if !options.headers.isEmpty { head += "\th=\(HeaderText.encode(options.headers))" }
        return head
    }

    /// What all tasks of a run share of their record: everything but limits, which are those of a step, and the payload.
    var ofRun: TaskRecord {
        var record = self
        record.options.limits = []
        record.options.run = nil
        record.payload = []
        return record
    }

    /// - Throws: `invalid`, with the words `what` before the reason, if the head has names that are not allowed.
    func checkNames(_ what: String) throws(StoreError) {
        do {
            try Name.kind.check(kind)
            try Name.queue.check(queue)
            try Name.tenant.check(tenant)
            for limit in options.limits { try limit.checkAsKey() }
        } catch {
            throw .invalid("\(what): \(error)")
        }
    }

    package var bytes: [UInt8] {
        let head = self.head
        var bytes: [UInt8] = []
        bytes.reserveCapacity(head.utf8.count + 1 + payload.count)
        bytes.append(contentsOf: head.utf8)
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: payload)
        return bytes
    }

    /// Nil for bytes that are no record. Unknown options are passed over: a newer version may have written them.
    package init?(_ bytes: [UInt8]) {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let fields = bytes[..<end].split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
        guard fields.count >= 4 else { return nil }
        kind = String(decoding: fields[0], as: UTF8.self)
        queue = String(decoding: fields[1], as: UTF8.self)
        tenant = String(decoding: fields[2], as: UTF8.self)
        guard !kind.isEmpty, !queue.isEmpty else { return nil }
        if fields[3].isEmpty {
            priority = .normal
        } else {
            guard let level = Int(String(decoding: fields[3], as: UTF8.self)), let known = Priority(level) else {
                return nil
            }
            priority = known
        }
        options = TaskOptions()
        for field in fields.dropFirst(4) { options.read(option: field) }
        payload = Array(bytes[(end + 1)...])
    }
}

/// Reads records one after the other. Most of a claim have the head of the one before, which is then not read again.
struct TaskRecordReader {
    /// With its line feed.
    private var head: [UInt8] = []
    private var last: TaskRecord?

    /// Nil for bytes that are no record.
    mutating func read(_ bytes: [UInt8]) -> TaskRecord? {
        if var record = last, bytes.starts(with: head) {
            record.payload = Array(bytes[head.count...])
            return record
        }
        guard let record = TaskRecord(bytes) else { return nil }
        head = Array(bytes.prefix(bytes.count - record.payload.count))
        last = record
        last?.payload = []
        return record
    }
}

extension TaskOptions {
    fileprivate mutating func read(option field: ArraySlice<UInt8>) {
        guard field.count >= 2, field[field.startIndex + 1] == UInt8(ascii: "=") else { return }
        let value = String(decoding: field.dropFirst(2), as: UTF8.self)
        switch field[field.startIndex] {
        case UInt8(ascii: "m"): maxAttempts = Int(value)
        case UInt8(ascii: "t"): timeout = Int64(value).map { .milliseconds($0) }
        case UInt8(ascii: "r"): retention = Int64(value).map { .milliseconds($0) }
        case UInt8(ascii: "d"): deadline = Int64(value)
        case UInt8(ascii: "g"): batch = BatchID(value)
        case UInt8(ascii: "w"): run = RunID(value)
        case UInt8(ascii: "l"): if let limit = try? LimitName(value) { limits.append(limit) }
        case UInt8(ascii: "h"): headers = HeaderText.decode(value)
        case UInt8(ascii: "b"):
            let parts = value.split(separator: ",")
            guard parts.count == 4, let first = Int64(parts[1]), let cap = Int64(parts[2]),
                let jitter = Double(parts[3])
            else { return }
            let shape: Backoff.Shape
            switch parts[0] {
            case "c": shape = .constant
            case "l": shape = .linear
            case "e": shape = .exponential
            default: return
            }
            backoff = Backoff(shape: shape, first: .milliseconds(first), cap: .milliseconds(cap), jitter: jitter)
        default: break
        }
    }
}

/// What is remembered of a task's troubles: see `lua/includes/history.lua`.
package struct TaskHistory: Sendable, Hashable {
    /// Attempts that failed and counted.
    package var attempts = 0
    /// Times that a lost worker held the task.
    package var recoveries = 0
    package var troubles: [Trouble] = []

    package init() {}

    package init(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        guard let first = lines.first else { return }
        let counters = first.split(separator: UInt8(ascii: "\t")).map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
        attempts = counters.first ?? 0
        recoveries = counters.dropFirst().first ?? 0
        troubles = lines.dropFirst().compactMap { line in
            let fields = line.split(separator: UInt8(ascii: "\t"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, let at = Int64(String(decoding: fields[0], as: UTF8.self)),
                let attempt = Int(String(decoding: fields[1], as: UTF8.self))
            else { return nil }
            return Trouble(at: at, attempt: attempt, message: Self.unescape(fields[2]))
        }
    }

    /// The longest message that is kept, in bytes.
    package static let messageLimit = 2048

    /// A message, cut at the limit.
    package static func bounded(_ message: String) -> String {
        if message.utf8.count <= messageLimit { return message }
        var text = ""
        var count = 0
        for scalar in message.unicodeScalars {
            count += UTF8.width(scalar)
            if count > messageLimit { break }
            text.unicodeScalars.append(scalar)
        }
        return text + "…"
    }

    /// `attempt TAB message`, on one line, the message cut at the limit.
    package static func line(attempt: Int, message: String) -> String {
        var text = "\(attempt)\t"
        var count = 0
        for scalar in message.unicodeScalars {
            count += UTF8.width(scalar)
            if count > messageLimit {
                text += "…"
                break
            }
            switch scalar {
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\\": text += "\\\\"
            case "\0": text += "\\0"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func unescape(_ bytes: ArraySlice<UInt8>) -> String {
        var out: [UInt8] = []
        var escaped = false
        for byte in bytes {
            if escaped {
                escaped = false
                switch byte {
                case UInt8(ascii: "n"): out.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "r"): out.append(UInt8(ascii: "\r"))
                case UInt8(ascii: "0"): out.append(0)
                default: out.append(byte)
                }
            } else if byte == UInt8(ascii: "\\") {
                escaped = true
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
