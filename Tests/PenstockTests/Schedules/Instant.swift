import Foundation
import Testing

/// Instants as tables write them: `2025-03-30T01:00:00Z`. By Foundation, and not by the code under test.
enum Instant {
    static func milliseconds(_ text: String) throws -> Int64 {
        Int64(try Date(text, strategy: .iso8601).timeIntervalSince1970 * 1000)
    }

    static func text(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(.iso8601)
    }
}
