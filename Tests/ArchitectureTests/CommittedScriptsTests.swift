import Foundation
import PenstockStore
import PenstockTesting
import RedisClient
import ScriptRendering
import Testing

/// What is in `lua/` now, and what is committed of it.
@Suite struct CommittedScriptsTests {
    private static let loaded = Result { try ScriptLibrary.load(packageRoot: Repository.root) }
    /// Read once, which takes seconds.
    private var library: ScriptLibrary { get async throws { try await apart { try Self.loaded.get() } } }

    @Test func generatedFileIsFresh() async throws {
        let file = Repository.root.appendingPathComponent(ScriptLibrary.generatedPath)
        let committed = try String(contentsOf: file, encoding: .utf8)
        let generated = try await library.generatedSwift
        #expect(committed == generated, "\(ScriptLibrary.generatedPath) is stale: run `make scripts`")
    }

    @Test func headersDeclareWhatTheCodeUses() async throws {
        // Loading refuses a disagreement; what remains is that callers are checked against these same headers.
        let library = try await library
        let headers = Dictionary(uniqueKeysWithValues: library.scripts.map { ($0.name, $0.header) })
        #expect(Set(Scripts.contracts.keys) == Set(headers.keys))
        #expect(Set(Scripts.all.map(\.name)) == Set(headers.keys))
        for (name, contract) in Scripts.contracts {
            let header = try #require(headers[name])
            #expect(contract == ScriptContract(keys: header.keys, arguments: header.arguments, rest: header.rest))
        }
    }

    @Test func luacheckIsClean() async throws {
        let library = try await library
        let linter = try LuaLinter(configuration: Repository.root.appendingPathComponent(".luacheckrc"))
        for problem in try await linter.problems(in: library) { Issue.record("\(problem)") }
    }

    @Test func redisLoadsEveryScriptAndRefusesWrongCalls() async throws {
        try await expectLoadable(Scripts.all.map { ($0.source, $0.digest, Scripts.contracts[$0.name]) })
    }

    @Test func redisLoadsSamples() async throws {
        let samples = try ScriptLibrary(files: LuaSamples.files).scripts
        try await expectLoadable(
            samples.map {
                let contract = ScriptContract(
                    keys: $0.header.keys, arguments: $0.header.arguments, rest: $0.header.rest)
                return ($0.source, $0.digest, contract)
            })
    }

    @Test func redisRefusesToLoadNonsense() async throws {
        let nonsense = try ScriptLibrary(files: [LuaSamples.script("return (1")]).scripts[0]
        try await RedisProcess.with { redis in
            let reply = try await redis.call(["SCRIPT", "LOAD"], input: nonsense.source)
            #expect(reply.contains("Error compiling script"))
        }
    }

    private func expectLoadable(_ scripts: [(source: String, digest: String, contract: ScriptContract?)]) async throws {
        try await RedisProcess.with { redis in
            for script in scripts {
                let contract = try #require(script.contract)
                #expect(try await redis.call(["SCRIPT", "LOAD"], input: script.source) == script.digest)
                for (keys, arguments) in Self.callsThatBreak(contract) {
                    let values = Array(repeating: "{t:0}", count: keys) + Array(repeating: "1", count: arguments)
                    let reply = try await redis.call(["EVALSHA", script.digest, "\(keys)"] + values)
                    #expect(reply.hasPrefix("BADCALL "), "\(keys) keys and \(arguments) arguments: \(reply)")
                }
            }
            #expect(try await redis.call(["DBSIZE"]) == "0", "a refused call wrote something")
            #expect(try await redis.call(["PING"]) == "PONG")
        }
    }

    /// Calls with too few or too many keys or arguments.
    private static func callsThatBreak(_ contract: ScriptContract) -> [(keys: Int, arguments: Int)] {
        let fewest = contract.rest ? contract.arguments.count - 1 : contract.arguments.count
        let keys = [contract.keys.count - 1, contract.keys.count, contract.keys.count + 1].filter { $0 >= 0 }
        let arguments = [0, fewest - 1, fewest, fewest + 1].filter { $0 >= 0 }
        return keys.flatMap { keys in arguments.map { (keys: keys, arguments: $0) } }
            .filter { !contract.accepts(keys: $0.keys, arguments: $0.arguments) }
    }
}
