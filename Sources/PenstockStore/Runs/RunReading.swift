import PenstockModel
import RedisClient

/// What is asked of one run.
package struct RunQuery: Sendable, Hashable {
    package var run: RunID
    /// Steps whose standing and fan-out are told.
    package var steps: [String]
    package var outputs: [String]
    /// Fan-outs whose items are told.
    package var errors: [String]
    /// Steps of which it is told for what signal they wait.
    package var signals: [String] = []
    /// Steps with a fan-out whose lists of items are told.
    package var lists: [String]
    package var variables: [String]
    /// Whether the input and, of a state machine, the object are told.
    package var wantsInput: Bool
    /// Whether it is told what the run was started with beside its input: head, callback, tags, retention, foreign id,
    /// parent and moment.
    package var wantsHome: Bool

    package init(
        _ run: RunID, steps: [String] = [], outputs: [String] = [], errors: [String] = [], lists: [String] = [],
        variables: [String] = [], wantsInput: Bool = false, wantsHome: Bool = false
    ) {
        self.run = run
        self.steps = steps
        self.outputs = outputs
        self.errors = errors
        self.lists = lists
        self.variables = variables
        self.wantsInput = wantsInput
        self.wantsHome = wantsHome
    }
}

/// What was asked of one run.
package struct RunReading: Sendable {
    package var summary: RunSummary
    package var workflow: String
    package var shapeDigest: String
    package var steps: [String: StepStanding] = [:]
    package var fans: [String: FanStanding] = [:]
    package var outputs: [String: [UInt8]] = [:]
    package var errors: [String: String] = [:]
    /// Of steps whose rollback failed for good.
    package var rollbackErrors: [String: String] = [:]
    /// Steps with the signal that they wait for.
    package var awaitedSignals: [String: String] = [:]
    /// Lists of fan-outs, as the commits that opened them have brought them.
    package var lists: [String: [UInt8]] = [:]
    /// Those that are set.
    package var variables: [String: [UInt8]] = [:]
    package var input: [UInt8]?
    package var machine: MachineFacts
    package var object: [UInt8]?
    /// Steps with the run that they have started.
    package var children: [String: RunID] = [:]

    /// How the tasks of the run are queued, with the run's id among the options and without payload.
    package var head: TaskRecord?
    package var callback: [UInt8]?
    package var tags: [String] = []
    package var retention: Duration?
    package var foreignID: String?
    /// The run that has started this one.
    package var parent: RunID?
    /// When it was stored, milliseconds since 1970 by Redis's clock. Running it again changes nothing about it.
    package var startedAt: Int64?

    /// Adds what another query of the same run has told of other steps.
    package mutating func add(_ other: RunReading) {
        steps.merge(other.steps) { $1 }
        fans.merge(other.fans) { $1 }
        errors.merge(other.errors) { $1 }
        rollbackErrors.merge(other.rollbackErrors) { $1 }
        children.merge(other.children) { $1 }
    }

    package var facts: RunFacts { summary.facts }
    package func standing(_ step: String) -> StepStanding { steps[step] ?? StepStanding(.pending) }
}

extension Store {
    /// Reads runs: one round trip for all of them. Nil for those that are not there.
    package func read(_ queries: [RunQuery]) async throws(StoreError) -> [RunReading?] {
        var commands: [RedisCommand] = []
        for query in queries {
            commands.append(RedisCommand("HMGET", query.arguments(keys)))
            if query.variables.isEmpty { continue }
            commands.append(RedisCommand("HMGET", RedisArguments([keys.vars(query.run)] + query.variables)))
        }
        var replies = try await pipeline(commands)[...]
        var readings: [RunReading?] = []
        for query in queries {
            guard let reply = replies.popFirst() else { throw .unexpectedReply("HMGET") }
            var reading = try RunReading(query, reply)
            if !query.variables.isEmpty {
                guard let values = replies.popFirst()?.array, values.count == query.variables.count else {
                    throw .unexpectedReply("HMGET of variables")
                }
                for (name, value) in zip(query.variables, values) { reading?.variables[name] = value.bytes }
            }
            readings.append(reading)
        }
        return readings
    }

    /// All variables of a run; empty for one that is not there.
    package func variables(_ run: RunID) async throws(StoreError) -> [String: [UInt8]] {
        let fields = try await send(RedisCommand("HGETALL", keys.vars(run))).array ?? []
        var variables: [String: [UInt8]] = [:]
        for at in stride(from: 0, to: fields.count - 1, by: 2) {
            guard let name = fields[at].text else { throw .unexpectedReply("HGETALL of variables") }
            variables[name] = fields[at + 1].bytes
        }
        return variables
    }

    package func read(_ query: RunQuery) async throws(StoreError) -> RunReading? { try await read([query])[0] }
}

extension RunQuery {
    /// The run's hash and its fields, in the order in which `RunReading` takes them.
    fileprivate func arguments(_ keys: KeySpace) -> RedisArguments {
        var arguments = RedisArguments([keys.run(run), "f", "w", "d", "m"])
        if wantsInput { for field in ["i", "b"] { arguments.append(field) } }
        if wantsHome { for field in ["h", "u", "t", "r", "x", "p", "a"] { arguments.append(field) } }
        for step in steps { for field in ["s:", "n:", "c:"] { arguments.append(field + step) } }
        for step in signals { arguments.append("w:" + step) }
        for step in outputs { arguments.append("o:" + step) }
        for step in errors { for field in ["e:", "z:"] { arguments.append(field + step) } }
        for step in lists { arguments.append("v:" + step) }
        return arguments
    }

    fileprivate var fieldCount: Int {
        4 + (wantsInput ? 2 : 0) + (wantsHome ? 7 : 0) + 3 * steps.count + signals.count + outputs.count
            + 2 * errors.count + lists.count
    }
}

extension RunReading {
    /// Nil if there is no such run.
    fileprivate init?(_ query: RunQuery, _ reply: RedisReply) throws(StoreError) {
        guard let fields = reply.array, fields.count == query.fieldCount else { throw .unexpectedReply("HMGET") }
        var rest = fields[...]
        func next() -> RedisReply? { rest.popFirst() }
        guard let first = next()?.text else { return nil }
        guard let summary = RunSummary(field: first), let workflow = next()?.text, let digest = next()?.text else {
            throw .unexpectedReply("HMGET of a run")
        }
        var machine = MachineFacts(run: summary.facts)
        if let words = next()?.text?.split(separator: " ", maxSplits: 1), words.count == 2 {
            machine.visit = Int(words[0]) ?? 0
            machine.state = String(words[1])
        }
        self.init(summary: summary, workflow: workflow, shapeDigest: digest, machine: machine)
        if query.wantsInput {
            input = next()?.bytes
            object = next()?.bytes
        }
        if query.wantsHome {
            head = next()?.bytes.flatMap { TaskRecord($0 + [UInt8(ascii: "\n")]) }
            head?.options.run = query.run
            callback = next()?.bytes
            tags = RunFields.tags(next()?.text)
            retention = next()?.text.flatMap { Int64($0) }.map { .milliseconds($0) }
            foreignID = RunFields.foreignID(next()?.text)
            parent = next()?.text.flatMap { RunID(String($0.prefix { $0 != "\n" })) }
            startedAt = next()?.text.flatMap { Int64($0) }
        }
        for step in query.steps {
            guard let standing = StepStanding(field: next()?.text) else { throw .unexpectedReply("HMGET of a step") }
            steps[step] = standing
            if let fan = next()?.text { fans[step] = FanStanding(field: fan) }
            children[step] = next()?.text.flatMap { RunID($0) }
        }
        for step in query.signals {
            awaitedSignals[step] = next()?.text.map { String($0.prefix { $0 != "\n" }) }
        }
        for step in query.outputs { outputs[step] = next()?.bytes }
        for step in query.errors {
            errors[step] = next()?.text
            rollbackErrors[step] = next()?.text
        }
        for step in query.lists { lists[step] = next()?.bytes }
    }
}

/// Fields of a run's hash that are lists of words.
enum RunFields {
    /// Field `t`.
    static func tags(_ field: String?) -> [String] {
        (field ?? "").split(separator: "\t").map { String($0) }
    }

    /// Field `x`: `workflow TAB foreign id`.
    static func foreignID(_ field: String?) -> String? {
        field?.firstIndex(of: "\t").map { tab in String(field?[tab...].dropFirst() ?? "") }
    }
}
