import Foundation
import RedisClient

@testable import PenstockStore

/// Scripts with a fault in them, in the place of those that the store knows: `PENSTOCK_SCRIPTS` names a folder with
/// `<script>.lua` and `<script>.sha1` of those that differ. See Tests/LuaMutants.
enum ScriptStand {
    private static let mutants: [String: RedisScript] = {
        guard let folder = ProcessEnvironment.value("PENSTOCK_SCRIPTS") else { return [:] }
        var mutants: [String: RedisScript] = [:]
        for script in Scripts.all {
            let file = URL(fileURLWithPath: folder).appendingPathComponent(script.name)
            guard let source = try? String(contentsOf: file.appendingPathExtension("lua"), encoding: .utf8),
                let digest = try? String(contentsOf: file.appendingPathExtension("sha1"), encoding: .utf8)
            else { continue }
            mutants[script.name] = RedisScript(name: script.name, digest: digest, source: source)
        }
        precondition(!mutants.isEmpty, "no scripts in \(folder)")
        return mutants
    }()

    /// Nil where scripts are called as they are, and nobody wants to know.
    static func closure(_ calls: (@Sendable (String) -> Void)?) -> (@Sendable (RedisScript) -> RedisScript)? {
        if mutants.isEmpty, calls == nil { return nil }
        return { script in
            calls?(script.name)
            return mutants[script.name] ?? script
        }
    }
}
