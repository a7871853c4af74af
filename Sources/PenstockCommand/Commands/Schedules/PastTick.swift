import Penstock
import PenstockModel

/// A tick that has come, what became of it, and where what it has started is now.
struct PastTick {
    /// Of a job or run, as the queues know it at present.
    private enum Present {
        case job(TaskState)
        case run(RunState)
        /// It has ended, and nothing was kept.
        case unknown
    }

    private let record: TickRecord
    private let present: Present?

    init(_ record: TickRecord, _ penstock: Penstock) async throws {
        self.record = record
        switch record.fate {
        case .fired(let id), .triggered(let id), .made(let id): present = try await Self.present(id, penstock)
        case .filtered, .overlapped, .waits, .missed, .refused: present = nil
        }
    }

    /// The schedule may have started jobs before it was changed to start runs, so an id alone does not say which.
    private static func present(_ id: String, _ penstock: Penstock) async throws -> Present {
        if let id = TaskID(id) {
            let state = try await penstock.status(id).state
            if state != .unknown { return .job(state) }
        }
        guard let id = RunID(id) else { return .unknown }
        do throws(PenstockError) { return .run(try await penstock.run(id).status().state) } catch {
            guard error.code == .notFound else { throw error }
            return .unknown
        }
    }

    private var word: String {
        switch record.fate {
        case .fired: "fired"
        case .triggered: "triggered"
        case .made: "made"
        case .filtered: "filtered"
        case .overlapped: "overlapped"
        case .waits: "waits"
        case .missed: "missed"
        case .refused: "refused"
        }
    }

    private var id: String? {
        switch record.fate {
        case .fired(let id), .triggered(let id), .made(let id): id
        case .filtered, .overlapped, .waits, .missed, .refused: nil
        }
    }

    private var words: String {
        switch record.fate {
        case .fired: "fired"
        case .triggered: "triggered by hand"
        case .made: "made by code"
        case .filtered: "code made nothing of it"
        case .overlapped: "passed over: an earlier one went on"
        case .waits: "waits for the end of an earlier one"
        case .missed(let last) where last == record.tick: "missed"
        case .missed(let last): "missed, with those up to \(Moment.text(last.milliseconds))"
        case .refused(let reason): "refused: \(reason)"
        }
    }

    private var presentWords: String {
        switch present {
        case nil: ""
        case .job(let state): state.rawValue
        case .run(let state): state.words
        case .unknown: "no longer known"
        }
    }

    private var paint: (String) -> String {
        switch record.fate {
        case .fired, .triggered, .made, .filtered: { $0 }
        case .overlapped, .waits, .missed: Style.output.yellow
        case .refused: Style.output.red
        }
    }

    static func table(_ ticks: [PastTick]) -> String {
        var table = Table([.text("tick"), .text("outcome"), .text("job or run"), .text("now")])
        for tick in ticks {
            table.add([
                Table.Cell(Moment.text(tick.record.tick.milliseconds)), Table.Cell(tick.words, paint: tick.paint),
                Table.Cell(tick.id ?? ""), Table.Cell(tick.presentWords),
            ])
        }
        return table.renderWithoutTrail()
    }

    struct View: Encodable {
        let tick: String
        let outcome: String
        /// Of the job or run that was started.
        let id: String?
        /// Its state now; absent if it is no longer known.
        let state: String?
        /// Of missed ones: the last of them.
        let through: String?
        /// Why it was refused.
        let reason: String?

        init(_ past: PastTick) {
            tick = Moment.text(past.record.tick.milliseconds)
            outcome = past.word
            id = past.id
            switch past.present {
            case .job(let now): state = now.rawValue
            case .run(let now): state = snakeCase(now.rawValue)
            case .unknown, nil: state = nil
            }
            if case .missed(let last) = past.record.fate {
                through = Moment.text(last.milliseconds)
            } else {
                through = nil
            }
            if case .refused(let why) = past.record.fate { reason = why } else { reason = nil }
        }
    }
}
