/// Habits of the house that neither the compiler nor `swift format` holds us to. An exception is made where it is
/// needed, by a comment on the line or right above it that gives the reason:
///
/// - `@unchecked Sendable`, `nonisolated(unsafe)`: any comment
/// - an unstructured task in Sources: `// Unstructured: reason`
/// - a sleep in Tests, or one that blocks its thread in Sources: `// Sleeps because: reason`
enum HouseStyle {
    private enum Exception {
        case none, anyComment
        case marked(String)

        func permits(_ text: SwiftText, line: Int) -> Bool {
            switch self {
            case .none: false
            case .anyComment: text.hasComment(at: line) { _ in true }
            case .marked(let mark):
                text.hasComment(at: line) { comment in
                    guard let range = comment.firstRange(of: mark) else { return false }
                    return comment[range.upperBound...].contains { $0.isLetter }
                }
            }
        }
    }

    private struct Rule {
        let folders: [String]
        let pattern: Regex<Substring>
        let exception: Exception
        let message: String
    }

    private static var rules: [Rule] {
        let both = ["Sources/", "Tests/"]
        return [
            Rule(folders: both, pattern: /\btry!/, exception: .none, message: "`try!`: handle the error or throw it"),
            Rule(folders: both, pattern: /\bas!/, exception: .none, message: "`as!`: use `as?` and say what else"),
            Rule(
                folders: both, pattern: /@unchecked\s+Sendable\b|\bnonisolated\(unsafe\)/, exception: .anyComment,
                message: "an unchecked promise to the compiler needs a comment that says why it holds"),
            Rule(
                folders: ["Tests/"], pattern: /\bTask\.sleep\b|\bclock\.sleep\b/,
                exception: .marked("Sleeps because:"),
                message: "a test waits for an event and never sleeps (or: `// Sleeps because: reason`)"),
            Rule(
                folders: both, pattern: /\bThread\.sleep\b|(?:^|[^.\w])(?:usleep|nanosleep|sleep)\(/,
                exception: .marked("Sleeps because:"),
                message: "this blocks a thread (or: `// Sleeps because: reason`)"),
            Rule(
                folders: ["Sources/"],
                pattern:
                    /(?:^|[^.\w\s]|\b(?:return|await|in|else)\b)\s*Task(?:<[^{}]*>)?\s*(?:\([^()]*\)\s*)?\{/,
                exception: .marked("Unstructured:"),
                message: "an unstructured task needs `// Unstructured: reason`; better a child task or a service"),
            Rule(
                folders: ["Sources/"], pattern: /(?:^|[^.\w])Task(?:<[^{}]*>)?\.(?:detached|immediate|init)\b/,
                exception: .marked("Unstructured:"),
                message: "an unstructured task needs `// Unstructured: reason`; better a child task or a service"),
        ]
    }

    static func findings(in file: SourceFile) -> [Finding] {
        let rules = rules.filter { rule in rule.folders.contains { file.path.hasPrefix($0) } }
        let text = SwiftText(file.text)
        return text.code.indices.flatMap { line in
            rules.compactMap { rule in
                guard text.code[line].firstMatch(of: rule.pattern) != nil,
                    !rule.exception.permits(text, line: line)
                else { return nil }
                return Finding(path: file.path, line: line + 1, message: rule.message)
            }
        }
    }
}

/// What no file of the repository may hold, of whatever language.
enum Leftovers {
    static func concerns(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        let endings = [".swift", ".lua", ".md", ".h", ".modulemap", ".json", ".jsonl", ".sh", ".yml", ".yaml", ".py"]
        return path.hasPrefix(".ci/") || endings.contains { name.hasSuffix($0) }
            || ["Makefile", ".luacheckrc", ".swift-format", ".gitignore"].contains(name)
    }

    static func findings(in file: SourceFile) -> [Finding] {
        // Put together so that this file does not refuse itself.
        let machine = ["work", "root", "tmp/wt"].map { "/" + $0 }
        let notes = ["TO" + "DO", "FIX" + "ME"]
        return file.lines.enumerated().flatMap { number, line in
            machine.filter { mentions($0, in: line) }.map {
                Finding(path: file.path, line: number + 1, message: "`\($0)` is a path of one machine")
            }
                + notes.filter { mentions($0, in: line) }.map {
                    Finding(path: file.path, line: number + 1, message: "`\($0)`: do it, or write an issue")
                }
        }
    }

    /// Whether a line has a word or path that stands for itself: not as a part of a longer word, nor as the end of another path.
    private static func mentions(_ word: String, in line: Substring) -> Bool {
        line.ranges(of: word).contains { range in
            let before = line[..<range.lowerBound].last
            let after = line[range.upperBound...].first
            let isPart = { (character: Character) in character.isLetter || character.isNumber || character == "_" }
            let opensPath =
                word.hasPrefix("/") && before.map { $0 == "." || $0 == "~" || $0 == "-" || $0 == "}" } ?? false
            let goesOn = word.contains("wt") ? false : after.map { isPart($0) || $0 == "-" } ?? false
            return !(before.map(isPart) ?? false) && !opensPath && !goesOn
        }
    }
}
