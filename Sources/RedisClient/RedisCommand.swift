/// One Redis command: its name and its arguments.
///
/// A sub-command is an argument: `RedisCommand("CLIENT", "SETNAME", "worker-1")`.
public struct RedisCommand: Sendable {
    /// The command's name, one word, as in `SET`.
    public let name: String
    /// Everything after the name.
    public let arguments: RedisArguments

    /// A command with arguments that were gathered before; none by default.
    public init(_ name: String, _ arguments: RedisArguments = []) {
        self.name = name
        self.arguments = arguments
    }

    /// A command whose arguments are all strings.
    public init(_ name: String, _ first: String, _ rest: String...) {
        var arguments = RedisArguments()
        arguments.append(first)
        for argument in rest { arguments.append(argument) }
        self.init(name, arguments)
    }
}
