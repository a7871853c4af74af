/// No key name outside PenstockStore: a literal that starts like a key is refused elsewhere.
enum KeyNames {
    /// Names of keys that go on with a part, as in `held:<incarnation>`.
    static let known: Set<String> = [
        "dead", "dedupe", "delayed", "held", "idle", "lane", "lanes", "result", "sent", "totals", "turn", "wake",
        "weights", "wide", "worker",
    ]

    /// The names that scripts make keys of with a part: `key('held', worker)`.
    static func declared(in lua: SourceFile) -> Set<String> {
        Set(lua.text.matches(of: /\bkey\(\s*['"]([a-z][a-z_\-]*)['"]\s*,/).map { String($0.1) })
    }

    static func findings(in file: SourceFile, names: Set<String> = known) -> [Finding] {
        guard let module = file.module, module != "PenstockStore" else { return [] }
        return SwiftText(file.text).literals.compactMap { literal in
            guard let name = keyName(in: literal.text, names: names) else { return nil }
            return Finding(
                path: file.path, line: literal.line, message: "`\(name)` looks like a key: keys live in PenstockStore")
        }
    }

    /// What makes a literal look like a key: the hash tag of a shard, `{namespace:0}`, or a known name and a colon, at
    /// its start or after an interpolated prefix. `delayed: 3` with a space is for people and no key.
    private static func keyName(in literal: String, names: Set<String>) -> String? {
        // U+FFFC stands for an interpolation.
        if let tag = literal.prefixMatch(of: /\{[^{}"\s,]*[:\u{FFFC}][^{}"\s,]*\}/) { return String(tag.0) }
        guard let match = literal.prefixMatch(of: /\u{FFFC}?:?([a-z][a-z_\-]*):(?!\s)/) else { return nil }
        return names.contains(String(match.1)) ? "\(match.1):" : nil
    }
}
