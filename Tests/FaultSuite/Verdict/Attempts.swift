/// Every attempt that a worker has begun, and how it ended, from what workers have written.
struct Attempts: Sendable {
    struct Attempt: Sendable {
        var id: String
        var number: Int
        var process: Int
        var begun: Int64
        var kind: String
        /// What Redis accepted of it: `completed`, `retry`, ...; nil if nothing.
        var commit: String?
        var committed: Int64?
        /// Why nothing was, where that is known.
        var excuse: Excuse?
    }

    enum Excuse: String, Sendable {
        /// Its process was killed.
        case killed
        /// Its worker was taken over, and knows.
        case leaseLost
        /// Redis refused its commit.
        case refused
        /// Redis has forgotten, within what was allowed.
        case forgotten
    }

    private(set) var all: [Attempt] = []
    /// Commits that Redis accepted, by task.
    private(set) var commits: [String: [Record]] = [:]

    init(_ records: [Record], killed: Set<Int>) {
        var open: [Key: Int] = [:]
        /// Where the attempts of a task in a process are.
        var places: [Key: [Int]] = [:]
        var refused: [Key: Int64] = [:]
        var lost: [Int: [Int64]] = [:]
        for record in records {
            let key = Key(process: record.process, id: record.word(0))
            switch record.what {
            case "begin":
                open[key] = all.count
                places[key, default: []].append(all.count)
                all.append(
                    Attempt(
                        id: record.word(0), number: Int(record.word(1)) ?? 0, process: record.process,
                        begun: record.at, kind: record.word(3)))
            case "commit":
                commits[record.word(0), default: []].append(record)
                // A worker may begin the next attempt before it has written down the outcome of the last.
                let named = Int(record.word(3)).flatMap { number in
                    places[key, default: []].last { all[$0].number == number && all[$0].commit == nil }
                }
                if let named, named != open[key] {
                    all[named].commit = record.word(2)
                    all[named].committed = record.at
                    continue
                }
                guard let index = open[key] else { continue }
                all[index].commit = record.word(2)
                all[index].committed = record.at
                open[key] = nil
            case "refused": refused[key] = record.at
            case "lost": lost[record.process, default: []].append(record.at)
            default: break
            }
        }
        for index in all.indices where all[index].commit == nil {
            let attempt = all[index]
            if killed.contains(attempt.process) {
                all[index].excuse = .killed
            } else if lost[attempt.process, default: []].contains(where: { $0 >= attempt.begun }) {
                all[index].excuse = .leaseLost
            } else if refused[Key(process: attempt.process, id: attempt.id)] ?? 0 >= attempt.begun {
                all[index].excuse = .refused
            }
        }
    }

    private struct Key: Hashable {
        var process: Int
        var id: String
    }
}
