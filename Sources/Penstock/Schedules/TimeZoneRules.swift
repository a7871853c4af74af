import Synchronization

#if canImport(FoundationInternationalization)
import FoundationEssentials
import FoundationInternationalization
#else
import Foundation
#endif

/// The clocks of a time zone by its IANA name, like `Europe/Berlin`.
///
/// The data are Foundation's: on Linux those of ICU that come with the Swift runtime, whatever the system's own zone files
/// say (`dataVersion`). They are read once for each name and process.
public struct TimeZoneRules: ZoneRules {
    /// The name it was asked for.
    public let name: String
    private let table: ZoneTable

    /// - Throws: `PenstockError` with the code `invalidArgument` if Foundation has no such zone; its message names the zone
    ///   and the known one with the most similar name.
    public init(_ name: String) throws(PenstockError) {
        self.name = name
        if let table = Self.tables.withLock({ $0[name] }) {
            self.table = table
            return
        }
        // What is not known is not kept, so the cache has at most a table for each zone there is.
        guard let zone = Self.zone(name) else { throw Self.unknown(name) }
        let table = ZoneTable(zone)
        Self.tables.withLock { $0[name] = table }
        self.table = table
    }

    public func span(at second: Int64) -> ZoneSpan { table.span(at: second) }

    /// The edition of the IANA time zone database that the data are from, like `2025b`.
    public static var dataVersion: String { TimeZone.timeZoneDataVersion }

    /// The names of all zones, sorted. A few old names beside them are known as well.
    public static var knownNames: [String] { (TimeZone.knownTimeZoneIdentifiers + plainNames).sorted() }

    private static let tables = Mutex<[String: ZoneTable]>([:])

    /// Foundation also takes abbreviations (`BST` is Dhaka's to it) and offsets (`GMT+2`): neither names a place.
    private static func zone(_ name: String) -> TimeZone? {
        guard name.contains("/") || plainNames.contains(name) else { return nil }
        return TimeZone(identifier: name)
    }

    /// Names of the IANA database without a slash.
    private static let plainNames: [String] = [
        "CET", "CST6CDT", "Cuba", "EET", "EST", "EST5EDT", "Egypt", "Eire", "GB", "GMT", "Hongkong", "HST", "Iceland",
        "Iran", "Israel", "Jamaica", "Japan", "MET", "MST", "MST7MDT", "NZ", "Navajo", "PRC", "PST8PDT", "Poland",
        "Portugal", "ROC", "ROK", "Singapore", "Turkey", "UCT", "UTC", "Universal", "WET", "Zulu",
    ]

    private static func unknown(_ name: String) -> PenstockError {
        let known = Set(knownNames).sorted()
        let shown = CronError.shown(name)
        let hint = NearestName.of(name, in: known).map { "; did you mean \($0)?" } ?? ", like Europe/Berlin or UTC"
        return PenstockError(
            .invalidArgument, "time zone \"\(shown)\" is unknown: it must be a name of the IANA database\(hint)")
    }
}

/// The changes of a zone, in order.
///
/// What lies after them is folded back by whole cycles of 400 years, in which the Gregorian calendar repeats itself, days of
/// the week included: by the first year of the last cycle the rules of every zone have become the same each year.
private final class ZoneTable: Sendable {
    /// When each offset begins; the first one holds since ever.
    private let starts: [Int64]
    private let offsets: [Int64]
    private let changesForever: Bool

    /// 1900-01-01, and the last cycle, 2100-01-01 to 2500-01-01. Offsets before 1900 are taken to be those of its start.
    private static let first: Int64 = -2_208_988_800
    private static let cycle: Int64 = 146_097 * 86_400
    private static let cycleStart: Int64 = 4_102_444_800
    private static let cycleEnd = cycleStart + cycle

    init(_ zone: TimeZone) {
        var starts: [Int64] = [.min]
        func offset(at second: Int64) -> Int64 {
            Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second))))
        }
        var offsets = [offset(at: Self.first)]
        var last = Self.first
        // A day more than the cycle: the span at its very end has to end at the right second.
        while let change = zone.nextDaylightSavingTimeTransition(after: Date(timeIntervalSince1970: Double(last))) {
            let second = Int64(change.timeIntervalSince1970.rounded())
            guard second > last, second < Self.cycleEnd + 400 * 86_400 else { break }
            last = second
            let offset = offset(at: second)
            // Some changes are of the name alone.
            guard offset != offsets[offsets.count - 1] else { continue }
            starts.append(second)
            offsets.append(offset)
        }
        self.starts = starts
        self.offsets = offsets
        changesForever = starts[starts.count - 1] >= Self.cycleStart
    }

    func span(at second: Int64) -> ZoneSpan {
        guard changesForever, second >= Self.cycleEnd else { return tabled(at: second) }
        let cycles = (second - Self.cycleEnd) / Self.cycle + 1
        let span = tabled(at: second - cycles * Self.cycle)
        return ZoneSpan(
            offset: span.offset, start: span.start + cycles * Self.cycle, end: span.end + cycles * Self.cycle)
    }

    private func tabled(at second: Int64) -> ZoneSpan {
        // The last start that is not later.
        var (low, high) = (0, starts.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= second { low = middle } else { high = middle }
        }
        return ZoneSpan(offset: offsets[low], start: starts[low], end: high < starts.count ? starts[high] : .max)
    }
}

/// The known name that somebody may have meant.
private enum NearestName {
    static func of(_ name: String, in known: [String]) -> String? {
        let wanted = letters(name)
        guard !wanted.isEmpty, wanted.count <= 60 else { return nil }
        // Berlin, or Germany/Berlin.
        if let city = wanted.split(separator: "/").last,
            let place = known.first(where: { letters($0).hasSuffix("/\(city)") })
        {
            return place
        }
        let distances = known.map { (distance(wanted, letters($0)), $0) }
        guard let nearest = distances.min(by: { $0.0 < $1.0 }) else { return nil }
        return nearest.0 <= max(2, wanted.count / 3) ? nearest.1 : nil
    }

    private static func letters(_ name: String) -> String { name.lowercased().replacing(" ", with: "_") }

    /// How many letters have to be changed, added or left out (Levenshtein).
    private static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one.utf8), Array(other.utf8))
        var row = Array(0...other.count)
        for (line, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, counterpart) in other.enumerated() {
                let change = diagonal + (letter == counterpart ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(change, diagonal + 1, row[column] + 1)
            }
        }
        return row[other.count]
    }
}
