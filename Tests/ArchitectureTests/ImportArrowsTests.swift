import PenstockTesting
import Testing

@Suite struct ImportArrowsTests {
    @Test func everyImportFollowsTheArrows() async throws {
        let (count, findings) = try await apart {
            let files = try Repository.files(in: "Sources")
            return (files.count, files.flatMap { ImportArrows.findings(in: $0) })
        }
        #expect(count > 0)
        expectNone(findings)
    }

    @Test func arrowsHaveNoCircle() {
        // Taking away what imports only what has been taken away already must take away everything.
        var left = ImportArrows.allowed
        while let free = left.first(where: { $0.value.isDisjoint(with: left.keys) }) { left[free.key] = nil }
        #expect(left.isEmpty)
    }

    @Test(arguments: [
        ("PenstockModel", "import RedisClient"),
        ("PenstockModel", "import Foundation"),
        ("PenstockModel", "import struct Foundation.Date"),
        ("RedisClient", "import PenstockStore"),
        ("PenstockStore", "@testable import PenstockRuntime"),
        ("PenstockStore", "package import CHiredis"),
        ("PenstockRuntime", "@preconcurrency import Penstock"),
        ("Penstock", "@_spi(Internals) public import EmbeddedRedis"),
        ("EmbeddedRedis", "import struct PenstockModel.TaskID"),
        ("PenstockCommand", "  import PenstockStore // just this once"),
        ("PenstockCommand", "import Penstock; import RedisClient"),
        ("PenstockTesting", "import PenstockCommand"),
        ("PenstockObservability", "import PenstockStore"),
        ("Penstock", "import PenstockObservability"),
        ("Unheard", "import Penstock"),
    ])
    func refuses(module: String, line: String) {
        let file = SourceFile(path: "Sources/\(module)/File.swift", text: "// why\n\(line)\n")
        #expect(ImportArrows.findings(in: file).count == 1)
    }

    @Test(arguments: [
        ("PenstockModel", "import FoundationEssentials"),
        ("PenstockStore", "import PenstockModel"),
        ("PenstockStore", "// import Penstock"),
        ("PenstockStore", "let text = \"import Penstock\""),
        ("Penstock", "import enum PenstockModel.Outcome"),
        ("PenstockTesting", "@testable import PenstockStore"),
    ])
    func accepts(module: String, line: String) {
        let file = SourceFile(path: "Sources/\(module)/File.swift", text: line)
        #expect(ImportArrows.findings(in: file).isEmpty)
    }

    @Test func namesFileAndLine() {
        let file = SourceFile(path: "Sources/RedisClient/A/B.swift", text: "import NIOCore\nimport Penstock\n")
        #expect(
            ImportArrows.findings(in: file).map(\.description) == [
                "Sources/RedisClient/A/B.swift:2: RedisClient may not import Penstock; of ours it may import: CHiredis"
            ])
    }
}
