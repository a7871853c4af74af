import PenstockTesting
import Testing

@Suite struct KeyNamesTests {
    @Test func onlyPenstockStoreKnowsKeys() async throws {
        expectNone(
            try await apart {
                let lua = try Repository.files(in: "", where: { $0.hasPrefix("lua/") && $0.hasSuffix(".lua") })
                let names = lua.reduce(into: KeyNames.known) { $0.formUnion(KeyNames.declared(in: $1)) }
                return try Repository.files(in: "Sources").flatMap { KeyNames.findings(in: $0, names: names) }
            })
    }

    @Test(arguments: [
        #"let key = "held:\(worker)""#,
        #"let key = "delayed:" + queue"#,
        #"let key = "\(prefix)lane:\(lane)""#,
        #"let key = "\(prefix):dedupe:x""#,
        #"let key = "{\(namespace):\(shard)}tasks""#,
        #"let key = "{\(namespace)}""#,
        #"let key = "{penstock:0}""#,
        ##"let key = #"worker:\#(name)"#"##,
        "let keys = \"\"\"\n    turn:a\n    \"\"\"",
    ])
    func refuses(line: String) {
        let file = SourceFile(path: "Sources/Penstock/File.swift", text: line)
        #expect(KeyNames.findings(in: file).count == 1)
        let store = SourceFile(path: "Sources/PenstockStore/Keys.swift", text: line)
        #expect(KeyNames.findings(in: store).isEmpty)
    }

    @Test(arguments: [
        #"print("delayed: \(count)")"#,
        #"let json = "{\"dead\":1}""#,
        ##"let json = #"{"dead":1}"#"##,
        #"let json = "{}""#,
        #"print("the dead:letters")"#,
        #"// "held:x""#,
        #"let url = "redis://\(host):\(port)""#,
    ])
    func accepts(line: String) {
        let file = SourceFile(path: "Sources/Penstock/File.swift", text: line)
        #expect(KeyNames.findings(in: file).isEmpty)
    }

    @Test func learnsNamesFromLua() {
        let lua = SourceFile(path: "lua/x.lua", text: "local a = key('parked', lane)\nlocal b = key('tasks')\n")
        let names = KeyNames.declared(in: lua)
        #expect(names == ["parked"])
        let file = SourceFile(path: "Sources/Penstock/File.swift", text: "\n\nlet key = \"parked:x\"")
        #expect(
            KeyNames.findings(in: file, names: names).map(\.description) == [
                "Sources/Penstock/File.swift:3: `parked:` looks like a key: keys live in PenstockStore"
            ])
    }
}
