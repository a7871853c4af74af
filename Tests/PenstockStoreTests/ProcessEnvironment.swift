import Foundation

enum ProcessEnvironment {
    static func value(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    static var wantsLongTests: Bool { value("PENSTOCK_LONG_TESTS") == "1" }
}
