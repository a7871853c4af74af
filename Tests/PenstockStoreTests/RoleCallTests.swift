import PenstockTesting
import Testing

@testable import PenstockStore

@Suite(.timeLimit(.minutes(5))) struct RoleCallTests {
    @Test func `who comes too early is noted, and forgotten when the role is theirs`() async throws {
        try await withStore { store in
            func take(_ holder: String) async throws -> String? {
                let words = ["r", holder, "", "1000", "client of \(holder)", "here", ""]
                return try await store.call(Scripts.takeRole, .init(words)).array?[1].text
            }
            func waiters() async throws -> [String] {
                let names = try await store.raw("HKEYS", store.keys.prefix + "role:r").array ?? []
                return names.compactMap(\.text).filter { $0.hasPrefix("w:") }.sorted()
            }
            #expect(try await take("one") == "held")
            for other in ["two", "three"] { #expect(try await take(other) == "taken") }
            #expect(try await waiters() == ["w:client of three", "w:client of two"])
            try await store.stepClock(by: .seconds(2))
            #expect(try await take("two") == "held")
            #expect(try await waiters() == ["w:client of three"])
        }
    }
}
