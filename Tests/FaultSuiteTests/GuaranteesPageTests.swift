import Foundation
import Testing

@testable import FaultSuite

/// The page Guarantees promises nothing that no test or fault shows.
@Suite("The page of guarantees") struct GuaranteesPageTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The names in the last column of each row.
    private static func shown() throws -> [(row: String, names: [String])] {
        let page = root.appendingPathComponent("Sources/Penstock/Penstock.docc/Guarantees.md")
        let rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("|") }
        return rows.filter { !$0.contains("---") && !$0.contains("shown by") }.map { row in
            let column = row.split(separator: "|").last { !$0.allSatisfy(\.isWhitespace) } ?? ""
            return (String(row), column.matches(of: /`([^`]+)`/).map { String($0.1) })
        }
    }

    /// Every suite of the tests.
    private static func suites() -> Set<String> {
        var suites: Set<String> = []
        let files = FileManager.default.enumerator(
            at: root.appendingPathComponent("Tests"), includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift", let text = try? String(contentsOf: file, encoding: .utf8) else {
                continue
            }
            suites.formUnion(text.matches(of: /struct (\w+Tests)\b/).map { String($0.1) })
        }
        return suites
    }

    @Test("each row names faults and suites that there are")
    func rows() throws {
        let faults = Set(Catalogue.all.map(\.name))
        let known = faults.union(Self.suites())
        let rows = try Self.shown()
        #expect(rows.count > 20)
        for (row, names) in rows {
            #expect(!names.isEmpty, "nothing shows: \(row)")
            for name in names { #expect(known.contains(name), "there is no \(name): \(row)") }
        }
        #expect(faults.subtracting(rows.flatMap(\.names)) == [], "faults that show nothing")
    }
}
