import ArgumentParser

/// `--embedded` has an optional value, which a parser cannot tell from what comes next on the line. The rules here:
///
/// - `--embedded=DIR` is DIR.
/// - What looks like a path (it has a slash, or is `.` or `..`) is DIR.
/// - Any other word is taken for what the command expects next; if that makes no sense, for DIR.
enum EmbeddedArgument {
    private static let option = "--embedded"
    /// What the parser sees for `--embedded` alone: its own optional values lose a value before another option.
    static let aloneName = "embedded-temporary"

    static func parse(_ words: [String]) throws -> any ParsableCommand {
        guard let place = undecided(in: words) else { return try RootCommand.parseAsRoot(settled(words)) }
        do {
            return try RootCommand.parseAsRoot(settled(words))
        } catch {
            // Without a value it makes no sense; the first error is the one to show if it does not with one either.
            var joined = words
            joined[place] = option + "=" + joined.remove(at: place + 1)
            guard let command = try? RootCommand.parseAsRoot(joined), !isHelp(command) else { throw error }
            return command
        }
    }

    /// The words with `--embedded` either joined to its value or marked as having none.
    static func settled(_ words: [String]) -> [String] {
        guard let place = place(in: words) else { return words }
        var settled = words
        if place + 1 < words.count, isPath(words[place + 1]) {
            settled[place] = option + "=" + settled.remove(at: place + 1)
        } else {
            settled[place] = "--" + aloneName
        }
        return settled
    }

    /// Where `--embedded` stands before a word that may or may not be its value.
    private static func undecided(in words: [String]) -> Int? {
        guard let place = place(in: words), place + 1 < words.count else { return nil }
        let next = words[place + 1]
        return next.hasPrefix("-") || isPath(next) ? nil : place
    }

    private static func place(in words: [String]) -> Int? {
        words.prefix { $0 != "--exec" && $0 != "--" }.firstIndex(of: option)
    }

    private static func isPath(_ word: String) -> Bool {
        !word.hasPrefix("-") && (word.contains("/") || word == "." || word == "..")
    }

    /// `--help` parses into a command of its own.
    private static func isHelp(_ command: any ParsableCommand) -> Bool { !(command is any ConnectedCommand) }
}

/// Whether `--json` was asked for, also when the rest of the line cannot be parsed.
enum JSONFlag {
    static func isSet(in words: [String]) -> Bool {
        words.prefix { $0 != "--exec" && $0 != "--" }.contains("--json")
    }
}
