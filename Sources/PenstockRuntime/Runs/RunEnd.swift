import PenstockModel
import PenstockStore

/// How the code for a task of a run has ended, and what it left behind: enough to plan what follows, now or once more.
package struct RunEnd: Sendable {
    package enum Outcome: Sendable {
        case step(StepOutcome)
        case machine(MachineOutcome, moment: Int64?)
        /// An attempt of a machine's code failed; whether it was the last one that its policy allows.
        case machineFailed(isLast: Bool)
        /// A hook or a callback is done.
        case delivered
    }

    package var outcome: Outcome
    /// Of a step, an item or a machine: its output, its list or its object.
    package var output: [UInt8] = []
    package var error = ""
    package var variables: [(name: String, value: [UInt8])] = []
    /// With which somebody outside may end a step that goes on.
    package var secret: String?
    package var child: ChildStart?
    /// Of a machine's code: the object that it was given. If that is another one by now, its end means nothing.
    package var given: [UInt8]?

    package init(_ outcome: Outcome, output: [UInt8] = [], error: String = "") {
        self.outcome = outcome
        self.output = output
        self.error = error
    }

    package static func step(_ outcome: StepOutcome, output: [UInt8] = [], error: String = "") -> RunEnd {
        RunEnd(.step(outcome), output: output, error: error)
    }
}

/// The signal with which a step is completed from outside: its name is the secret, what it brings is `+` and the output, or
/// `-` and why it failed.
package enum Completion: Sendable, Hashable {
    case succeeded([UInt8])
    case failed(String)

    package static func signal(_ secret: String) -> String { "token:\(secret)" }

    package var bytes: [UInt8] {
        switch self {
        case .succeeded(let output): [UInt8(ascii: "+")] + output
        case .failed(let message): [UInt8(ascii: "-")] + Array(message.utf8)
        }
    }

    package init?(_ bytes: [UInt8]) {
        switch bytes.first {
        case UInt8(ascii: "+"): self = .succeeded(Array(bytes.dropFirst()))
        case UInt8(ascii: "-"): self = .failed(String(decoding: bytes.dropFirst(), as: UTF8.self))
        default: return nil
        }
    }
}
