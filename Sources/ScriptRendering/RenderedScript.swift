import Crypto

/// A script as Redis gets it.
package struct RenderedScript: Sendable {
    /// The verb: the name of the file.
    package let name: String
    package let header: ScriptHeader
    package let source: String
    /// SHA-1 of ``source`` in hexadecimal: what EVALSHA wants.
    package let digest: String

    /// The code behind ``source``, each line with the place it came from.
    package let code: [LuaLine]
    /// All files behind the script in full, one after the other: what the linter reads.
    package let lintLines: [LuaLine]

    init(units: [LuaUnit], scope: ScriptScope, script: LuaUnit) {
        name = script.file.name
        header = script.header
        code = scope.code + script.code
        lintLines = units.flatMap(\.lines)
        let shebang = header.flags.isEmpty ? "#!lua" : "#!lua flags=\(header.flags.joined(separator: ","))"
        let lines = [shebang, header.guardLine(name: name)] + code.map { String($0.trimmed) }
        source = lines.joined(separator: "\n")
        digest = Insecure.SHA1.hash(data: Array(source.utf8)).hexadecimal
    }

    /// lower_snake becomes lowerCamel.
    package var swiftName: String {
        let words = name.split(separator: "_")
        return words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
}

extension ScriptHeader {
    /// The contract, kept on the side of Redis too: a call that breaks it is refused before anything is read.
    func guardLine(name: String) -> String {
        let wantedKeys = keys.count == 1 ? "1 key" : "\(keys.count) keys"
        let wantedArguments = fixedArguments == 1 ? "1 argument" : "\(fixedArguments) arguments"
        let condition = "#KEYS~=\(keys.count) or #ARGV\(rest ? "<" : "~=")\(fixedArguments)"
        let message = "BADCALL \(name) expects \(wantedKeys) and \(rest ? "at least " : "")\(wantedArguments), got "
        return "if \(condition) then return redis.error_reply('\(message)'..#KEYS..' and '..#ARGV) end"
    }
}

extension Sequence<UInt8> {
    fileprivate var hexadecimal: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
