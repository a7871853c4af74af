import Foundation
import PenstockTesting

/// A process of the workload, and what it has written so far.
@MainActor final class Child {
    enum Role: String {
        case worker, producer
    }

    let role: Role
    let ordinal: Int
    let process: TestProcess
    private let path: String
    private var position: UInt64 = 0
    private(set) var records: [Record] = []

    init(_ role: Role, _ ordinal: Int, _ process: TestProcess, folder: String) {
        (self.role, self.ordinal, self.process) = (role, ordinal, process)
        path = "\(folder)/\(role.rawValue)-\(ordinal).log"
    }

    var isAlive: Bool { process.exitNow == nil }

    /// Reads what has been written since the last time.
    func refresh() throws {
        guard let file = FileHandle(forReadingAtPath: path) else { return }
        defer { try? file.close() }
        try file.seek(toOffset: position)
        guard let data = try file.readToEnd(), let end = data.lastIndex(of: UInt8(ascii: "\n")) else { return }
        position += UInt64(end - data.startIndex) + 1
        for line in String(decoding: data[...end], as: UTF8.self).split(separator: "\n") {
            if let record = Record(line: line, process: ordinal) { records.append(record) }
        }
    }

    /// How many of what it has written are of this kind, since that moment.
    func count(since moment: Int64 = 0, where matches: (Record) -> Bool) -> Int {
        records.reversed().lazy.prefix { $0.at >= moment }.count(where: matches)
    }

    /// Descriptors that it has open.
    var descriptors: Int { Self.descriptors(of: process.pid) }

    static func descriptors(of pid: Int32) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? 0
    }

    /// Processor time that it has used, in hundredths of a second.
    static func ticks(of pid: Int32) -> Int {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return 0 }
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        return fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
    }
}
