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
        (source, digest) = Self.render(name, header, code)
    }

    private static func render(_ name: String, _ header: ScriptHeader, _ code: [LuaLine]) -> (
        source: String, digest: String
    ) {
        let shebang = header.flags.isEmpty ? "#!lua" : "#!lua flags=\(header.flags.joined(separator: ","))"
        let lines = [shebang, header.guardLine(name: name)] + code.map { String($0.trimmed) }
        let source = lines.joined(separator: "\n")
        return (source, Insecure.SHA1.hash(data: Array(source.utf8)).hexadecimal)
    }

    /// What Redis would get if some lines of the code were others: by the number of each in the file `path`. Nil if the
    /// script has none of them.
    package func changed(_ lines: [Int: String], of path: String) -> (source: String, digest: String)? {
        var isChanged = false
        let code = self.code.map { line -> LuaLine in
            guard line.path == path, let text = lines[line.number] else { return line }
            isChanged = true
            return LuaLine(path: path, number: line.number, text: text)
        }
        return isChanged ? Self.render(name, header, code) : nil
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
