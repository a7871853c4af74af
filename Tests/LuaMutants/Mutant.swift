import ScriptRendering

/// One change of one place in one file under `lua/`.
struct Mutant: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        /// A comparison says the opposite.
        case inverted
        /// A bound counts as within, or no longer.
        case shifted
        /// A condition of several parts is negated.
        case negated
        /// Something is not removed.
        case kept
        /// A call for its effect is left out.
        case dropped
        /// A bound on the work of one call is gone.
        case unbounded
    }

    /// What must not be lost unnoticed.
    enum Tag: String, Sendable, CaseIterable {
        case fence
        case wakeUp = "wake-up"
        case release = "limit release"
        case bound = "chunk bound"
    }

    let path: String
    let line: Int
    let column: Int
    let kind: Kind
    /// The first line that differs, before and after.
    let before: String
    let after: String
    let tags: [Tag]
    /// Lines that differ, by their numbers.
    let changes: [Int: String]

    /// The same as long as its line is the same.
    var id: String { "\(path):\(line):\(column) \(kind.rawValue)\t\(before)\t\(after)" }

    init(_ text: LuaText, _ range: Range<Int>, by replacement: String, _ kind: Kind) {
        let lines = text.lineRange(at: range.lowerBound)
        let rest = text.lineRange(at: max(range.upperBound - 1, range.lowerBound)).upperBound
        path = text.file.path
        line = text.line(at: range.lowerBound)
        column = range.lowerBound - lines.lowerBound + 1
        self.kind = kind
        func plain(_ some: String) -> String {
            some.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        before = plain(text.text(lines.lowerBound..<rest))
        after = plain(
            text.text(lines.lowerBound..<range.lowerBound) + replacement + text.text(range.upperBound..<rest))
        tags = Self.tags(before, text.file.name, kind)
        // Lines keep their numbers.
        let breaks = text.bytes[range].count { $0 == UInt8(ascii: "\n") }
        var changes: [Int: String] = [:]
        for place in 0...breaks { changes[line + place] = "" }
        let whole = text.text(lines.lowerBound..<range.lowerBound) + replacement + text.text(range.upperBound..<rest)
        for (place, part) in whole.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            changes[line + place] = String(part)
        }
        self.changes = changes
    }

    private static func tags(_ line: String, _ name: String, _ kind: Kind) -> [Tag] {
        var tags: [Tag] = []
        if kind == .unbounded { tags.append(.bound) }
        let compares = [.inverted, .negated].contains(kind)
        if compares, line.contains(/\bfence\b|\brevision\b|holds_role|\bclaim\b|\bstale\b/) { tags.append(.fence) }
        let isDropped = kind == .dropped || kind == .kept
        let wakes = line.contains(/\b(wake|rouse|set_due|tell_connections)\(|key\('wake'|'nudge/)
        let releases = line.contains(/\b(give_up|free|forget_worker)\(|key\('holders'|key\('fires'/)
        if isDropped, wakes { tags.append(.wakeUp) }
        if isDropped, releases { tags.append(.release) }
        return tags
    }
}

extension Mutant {
    /// All mutants of a file, in the order of their places.
    static func all(of file: LuaFile, includes: Set<String>) -> [Mutant] {
        let text = LuaText(file)
        var found: [Mutant] = []
        for place in text.bytes.indices where text.isCode[place] {
            found += comparisons(text, place) + conditions(text, place) + calls(text, place, includes)
        }
        return found + bounds(text)
    }

    private static let changes: [(String, [(String, Kind)])] = [
        ("==", [("~=", .inverted)]), ("~=", [("==", .inverted)]),
        ("<=", [(">", .inverted), ("<", .shifted)]), (">=", [("<", .inverted), (">", .shifted)]),
        ("<", [(">=", .inverted), ("<=", .shifted)]), (">", [("<=", .inverted), (">=", .shifted)]),
    ]

    private static func comparisons(_ text: LuaText, _ place: Int) -> [Mutant] {
        guard "=~<>".utf8.contains(text.bytes[place]) else { return [] }
        for (sign, others) in changes where text.has(sign, at: place) {
            // The second byte of another sign.
            if place > 0, "=~<>".utf8.contains(text.bytes[place - 1]) { return [] }
            return others.map { Mutant(text, place..<(place + sign.utf8.count), by: $0.0, $0.1) }
        }
        return []
    }

    private static func conditions(_ text: LuaText, _ place: Int) -> [Mutant] {
        guard "iew".utf8.contains(text.bytes[place]) else { return [] }
        for (word, end) in [("if", "then"), ("elseif", "then"), ("while", "do")] where text.hasWord(word, at: place) {
            let start = place + word.utf8.count + 1
            guard let stop = (start..<text.bytes.count).first(where: { text.hasWord(end, at: $0) }) else { return [] }
            let condition = text.text(start..<stop).trimmed
            let signs = (start..<stop).count { text.isCode[$0] && "=<>".utf8.contains(text.bytes[$0]) }
            let isJoined = (start..<stop).contains { text.hasWord("and", at: $0) || text.hasWord("or", at: $0) }
            // A lone comparison is inverted already.
            if !isJoined, signs > 0 { return [] }
            let last = text.text(start..<stop).hasSuffix(" ") ? stop - 1 : stop
            return [Mutant(text, start..<last, by: "not (\(condition))", .negated)]
        }
        return []
    }

    private static let removals = ["ZREM", "SREM", "HDEL", "DEL", "LREM", "UNLINK", "XDEL", "LTRIM"]

    private static func calls(_ text: LuaText, _ place: Int, _ includes: Set<String>) -> [Mutant] {
        guard place == 0 || !LuaText.isName(text.bytes[place - 1]), LuaText.isName(text.bytes[place]) else { return [] }
        let end = text.bytes[place...].firstIndex { !LuaText.isName($0) && $0 != UInt8(ascii: ".") } ?? place
        guard end < text.bytes.count, text.bytes[end] == UInt8(ascii: "("), let close = text.end(ofBracket: end) else {
            return []
        }
        let name = text.text(place..<end)
        if name == "redis.call" {
            let command = text.text((end + 2)..<close).prefix { $0 != "'" }
            let isWake = text.text(end..<close).contains("key('wake'")
            guard removals.contains(String(command)) || isWake else { return [] }
            let isStatement = text.isStatement(place..<close)
            return [Mutant(text, place..<close, by: isStatement ? "do end" : "1", isWake ? .dropped : .kept)]
        }
        guard includes.contains(name), text.isStatement(place..<close) else { return [] }
        return [Mutant(text, place..<close, by: "do end", .dropped)]
    }

    /// `'LIMIT', 0, 200` and `math.min(200, ...)`.
    private static func bounds(_ text: LuaText) -> [Mutant] {
        let source = text.file.text
        var found: [Mutant] = []
        func add(_ range: Range<String.Index>, _ replacement: String) {
            let start = source.utf8.distance(from: source.startIndex, to: range.lowerBound)
            let end = source.utf8.distance(from: source.startIndex, to: range.upperBound)
            let line = text.lineRange(at: start).lowerBound
            if text.has("--", at: line) { return }
            found.append(Mutant(text, start..<end, by: replacement, .unbounded))
        }
        for match in source.matches(of: #/'(?:LIMIT', 0|COUNT'), (\d{2,}|[a-z]+)/#) {
            add(match.output.1.startIndex..<match.output.1.endIndex, "100000000")
        }
        for match in source.matches(of: #/math\.min\((\d{2,}), /#) {
            add(match.output.1.startIndex..<match.output.1.endIndex, "100000000")
        }
        for match in source.matches(of: #/(?:HRANDFIELD|SRANDMEMBER)', [^\n]*, (\d+)\)/#) {
            add(match.output.1.startIndex..<match.output.1.endIndex, "100000000")
        }
        return found
    }
}

extension String {
    var trimmed: String {
        var some = self[...]
        while some.last?.isWhitespace == true { some.removeLast() }
        return String(some.drop(while: \.isWhitespace))
    }
}
