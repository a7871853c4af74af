/// One line that a process of the suite has written: what, when, and words.
struct Record: Sendable, Hashable {
    var what: String
    /// Milliseconds of the monotonic clock.
    var at: Int64
    /// Ordinal of the process that wrote it.
    var process: Int
    var words: [String]

    init(_ what: String, at: Int64, process: Int, _ words: [String]) {
        (self.what, self.at, self.process, self.words) = (what, at, process, words)
    }

    /// Nil for a line that is cut off, as the last one of a process that was killed may be.
    init?(line: Substring, process: Int) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count >= 2, let at = Int64(words[1]) else { return nil }
        self.init(words[0], at: at, process: process, Array(words.dropFirst(2)))
    }

    func word(_ index: Int) -> String { index < words.count ? words[index] : "" }
}
