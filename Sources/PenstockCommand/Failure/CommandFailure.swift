import EmbeddedRedis
import Penstock

/// Why a command ends without having done what was asked: a code for programs, a message for people, an exit code.
struct CommandFailure: Error, CustomStringConvertible {
    enum Exit: Int32 {
        case failed = 1
        case usage = 64
        case unavailable = 69
    }

    let code: String
    let message: String
    let exit: Exit

    var description: String { message }

    init(_ code: String, _ message: String, exit: Exit = .failed) {
        self.code = code
        self.message = message
        self.exit = exit
    }

    static func usage(_ message: String) -> CommandFailure { CommandFailure("usage", message, exit: .usage) }
    static func notFound(_ message: String) -> CommandFailure { CommandFailure("not_found", message) }
    static func refused(_ message: String) -> CommandFailure { CommandFailure("refused", message) }
    static func file(_ message: String) -> CommandFailure { CommandFailure("file", message) }

    /// Any error, seen as one of ours.
    init(_ error: any Error) {
        switch error {
        case let error as CommandFailure: self = error
        case let error as PenstockError: self.init(error)
        case let error as EmbeddedRedisError: self.init(error)
        case let error as ArgumentProblem: self = .usage(error.description)
        default: self.init("failed", "\(error)")
        }
    }

    private init(_ error: PenstockError) {
        let exit: Exit =
            switch error.code {
            case .invalidArgument: .usage
            case .unavailable: .unavailable
            default: .failed
            }
        // The library cannot know how its caller says where Redis is.
        let hint =
            error.message.hasPrefix("Redis is unavailable")
            ? " Say where it is with --redis URL or PENSTOCK_REDIS_URL, or use a private one with --embedded." : ""
        self.init(snakeCase(error.code.rawValue), error.message + hint, exit: exit)
    }

    private init(_ error: EmbeddedRedisError) {
        let exit: Exit =
            switch error.code {
            case .invalidOption, .directoryUnusable: .usage
            case .binaryMissing, .directoryInUse, .startFailed: .unavailable
            case .cancelled, .alreadyRunning: .failed
            }
        self.init("embedded_" + snakeCase(error.code.rawValue), "--embedded: \(error)", exit: exit)
    }
}

/// camelCase to lower_snake, the form of all names in JSON.
func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { text, letter in
        if letter.isUppercase { text += "_" + letter.lowercased() } else { text.append(letter) }
    }
}
