/// A task of a run as text, which is the payload of its record behind the round: words with TABs between them. Names have
/// no control characters, so it is unambiguous. The number of an item comes last, since Lua counts items.
extension RunTask {
    package var text: String {
        switch self {
        case .start(let from): "start\t\(from)"
        case .step(let step): "step\t\(step)"
        case .item(let step, let index): Self.itemText(step) + String(index)
        case .gather(let step): "gather\t\(step)"
        case .sync(let step): "sync\t\(step)"
        case .health(let step): "health\t\(step)"
        case .waitLimit(let step): "wait-limit\t\(step)"
        case .signalled(let step): "signalled\t\(step)"
        case .childEnded(let step): "child-ended\t\(step)"
        case .sweep(let from): "sweep\t\(from)"
        case .planRollback(let from): "plan-rollback\t\(from)"
        case .rollBack(let step, let call): "roll-back\t\(step)\t\(call ? "call" : "mark")"
        case .prepare(.retry, let from): "prepare\t\(from)\tretry"
        case .prepare(.rerun(let step), let from): "prepare\t\(from)\trerun\t\(step)"
        case .prepare(.skip(let step), let from): "prepare\t\(from)\tskip\t\(step)"
        case .visit(let state, let number): "visit\t\(state)\t\(number)"
        case .visitTimeout(let state, let number): "visit-timeout\t\(state)\t\(number)"
        case .event(let event, let state, let number): "event\t\(event)\t\(state)\t\(number)"
        case .resume(let number): "resume\t\(number)"
        case .cancel: "cancel"
        case .deleteData(let from): "delete-data\t\(from)"
        case .hook(let moment): "hook\t\(moment.rawValue)"
        case .callback(let moment):
            "callback\t\(moment.phase.rawValue)" + (moment.step.map { "\t\($0)" } ?? "")
        }
    }

    /// The text of an item up to its number.
    package static func itemText(_ step: String) -> String { "item\t\(step)\t" }

    /// Nil for a text that no task of a run has.
    package init?(text: String) {
        let words = text.split(separator: Character("\t"), omittingEmptySubsequences: false).map { String($0) }
        let numbers = words.map { Int($0) }
        switch (words[0], words.count) {
        case ("cancel", 1): self = .cancel
        case ("step", 2): self = .step(words[1])
        case ("gather", 2): self = .gather(words[1])
        case ("sync", 2): self = .sync(words[1])
        case ("health", 2): self = .health(words[1])
        case ("wait-limit", 2): self = .waitLimit(words[1])
        case ("signalled", 2): self = .signalled(words[1])
        case ("child-ended", 2): self = .childEnded(words[1])
        case ("roll-back", 3) where words[2] == "call": self = .rollBack(words[1], call: true)
        case ("roll-back", 3) where words[2] == "mark": self = .rollBack(words[1], call: false)
        case ("hook", 2):
            guard let moment = HookMoment(rawValue: words[1]) else { return nil }
            self = .hook(moment)
        case ("callback", 2...3):
            guard let phase = CallbackMoment.Phase(rawValue: words[1]) else { return nil }
            self = .callback(CallbackMoment(phase, step: words.count == 3 ? words[2] : nil))
        default:
            switch (words[0], words.count, numbers.dropFirst().first ?? nil, numbers.last ?? nil) {
            case ("start", 2, let from?, _): self = .start(from: from)
            case ("sweep", 2, let from?, _): self = .sweep(from: from)
            case ("plan-rollback", 2, let from?, _): self = .planRollback(from: from)
            case ("resume", 2, let number?, _): self = .resume(number)
            case ("delete-data", 2, let from?, _): self = .deleteData(from: from)
            case ("prepare", 3, let from?, _) where words[2] == "retry": self = .prepare(.retry, from: from)
            case ("prepare", 4, let from?, _) where words[2] == "rerun": self = .prepare(.rerun(words[3]), from: from)
            case ("prepare", 4, let from?, _) where words[2] == "skip": self = .prepare(.skip(words[3]), from: from)
            case ("item", 3, _, let index?): self = .item(words[1], index)
            case ("visit", 3, _, let number?): self = .visit(words[1], number)
            case ("visit-timeout", 3, _, let number?): self = .visitTimeout(words[1], number)
            case ("event", 4, _, let number?): self = .event(words[1], words[2], number)
            default: return nil
            }
        }
    }

    /// Whether `Effect.arm` makes such tasks, so that its end has to be noted beside the run's timers.
    package var isTimer: Bool {
        switch self {
        case .sync, .health, .waitLimit, .visitTimeout, .resume: true
        default: false
        }
    }
}
