/// What a script takes, as its header in `lua/` declares it.
package struct ScriptContract: Sendable, Hashable {
    package let keys: [String]
    package let arguments: [String]
    /// Whether the last argument is a list that takes up all the rest, be it empty.
    package let rest: Bool

    package init(keys: [String], arguments: [String], rest: Bool) {
        self.keys = keys
        self.arguments = arguments
        self.rest = rest
    }

    /// Whether a call with so many keys and arguments keeps the contract.
    package func accepts(keys keyCount: Int, arguments argumentCount: Int) -> Bool {
        guard keyCount == keys.count else { return false }
        return rest ? argumentCount >= arguments.count - 1 : argumentCount == arguments.count
    }
}
