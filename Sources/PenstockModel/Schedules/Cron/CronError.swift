/// Why a text is no cron expression and no interval: where, what, and the way out.
public struct CronError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The field that is wrong.
    public let field: CronField
    /// The part of the text that is wrong, at most 60 characters of it.
    public let part: String
    /// What is wrong with it.
    public let reason: String
    /// What to write instead, where there is something to say.
    public let wayOut: String?

    init(_ field: CronField, _ part: some StringProtocol, _ reason: String, wayOut: String? = nil) {
        self.field = field
        self.part = Self.shown(part)
        self.reason = reason
        self.wayOut = wayOut
    }

    /// `hour: 24 is more than 23, the greatest hour`.
    public var description: String { "\(field.rawValue): \(reason)" + (wayOut.map { "; \($0)" } ?? "") }

    /// Fit for a message: without control characters, and not long.
    package static func shown(_ text: some StringProtocol) -> String {
        let plain = text.unicodeScalars.prefix(60).map { scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : String(scalar)
        }
        return plain.joined() + (text.unicodeScalars.count > 60 ? "..." : "")
    }
}
