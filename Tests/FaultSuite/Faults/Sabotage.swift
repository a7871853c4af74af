import Foundation
import PenstockStore

/// A script that is broken on purpose, and the fault that has to show it: a suite that never complains shows nothing.
struct Sabotage: Sendable {
    let name: String
    let words: String
    /// What of the text of `cycle` is replaced, and by what.
    let changes: [(text: String, by: String)]
    let fault: any InjectedFault

    static let all = [
        Sabotage(
            name: "no-takeover", words: "what a dead worker held is not put back",
            changes: [
                (
                    "local rings = {}\npush_groups(groups, now, 'LPUSH', rings)", by: "local rings = {}"
                )
            ], fault: WorkerKilled(point: .beforeEffect)),
        Sabotage(
            name: "leaked-slots", words: "a takeover keeps the slots of limits",
            changes: [("give_up(freed, names, rows[i])", by: "")], fault: WorkerKilled(point: .beforeEffect)),
        Sabotage(
            name: "no-reconciliation", words: "claims whose reply was lost are not handed back",
            changes: [("known[id] ~= claim and", by: "false and")], fault: RepliesCut()),
        Sabotage(
            name: "no-fence", words: "a commit counts whoever holds the task, and whoever was taken over",
            changes: [
                ("if expiry < 0 then\nreturn { 'dead', string.format('%.0f', now) }\nend", by: ""),
                (
                    "elseif value and string.sub(value, 1, #fence) == fence then",
                    by: "elseif true then\nvalue = value or (fence .. 'work\\t')"
                ),
            ], fault: WorkerStopped()),
        Sabotage(
            name: "no-removal", words: "what is completed stays",
            changes: [("redis.call('HDEL', key('tasks'), unpack(ids, low, high))", by: "")],
            fault: WorkerKilled(point: nil)),
    ]

    /// The script as it is with the sabotage; an error if the text to be replaced is not there once.
    func script() throws -> String {
        // A text is one line or several, whatever their indentation.
        var source = Scripts.cycle.source.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.drop { $0 == " " } }.joined(separator: "\n")
        for (text, replacement) in changes {
            let parts = source.components(separatedBy: text)
            guard parts.count == 2 else {
                throw SuiteError("sabotage \(name): its text is there \(parts.count - 1) times")
            }
            source = parts.joined(separator: replacement)
        }
        return source
    }
}

/// A fault, with a script that is broken on purpose on all workers.
struct Sabotaged: InjectedFault {
    let sabotage: Sabotage
    var name: String { "\(sabotage.name) (\(sabotage.fault.name))" }
    var words: String { sabotage.words }
    var plan: Plan {
        var plan = sabotage.fault.plan
        plan.edition = { [name = sabotage.name] _ in name }
        return plan
    }

    func inject(_ stage: Stage) async throws { try await sabotage.fault.inject(stage) }
    func heal(_ stage: Stage) async throws { try await sabotage.fault.heal(stage) }
}
