import PenstockModel
import Testing

@Suite struct NameTests {
    @Test("plain names are accepted", arguments: [Name.namespace, .kind, .queue])
    func plain(name: Name) throws {
        for text in ["a", "Mail.Out_1-x:y/z@home", String(repeating: "q", count: 200)] { try name.check(text) }
    }

    @Test("and nothing else, with the field and the reason", arguments: [Name.namespace, .kind, .queue])
    func refused(name: Name) {
        for (text, reason) in [
            ("", "is empty"), ("a b", "may have only"), ("a\tb", "may have only"), ("a|b", "may have only"),
            ("a{b}", "may have only"), ("käse", "may have only"), (String(repeating: "q", count: 201), "201 bytes"),
        ] {
            let error = #expect(throws: InvalidName.self) { try name.check(text) }
            #expect(error?.description.hasPrefix("\(name.rawValue) \"") == true)
            #expect(error?.description.contains(reason) == true, "\(text): \(error?.description ?? "")")
        }
    }

    @Test("tenants and keys may be any text without control characters")
    func free() throws {
        for name in [Name.tenant, .key] {
            for text in ["Zoë & Söhne | {1}", "日本", String(repeating: "t", count: 512)] { try name.check(text) }
            for text in ["a\nb", "a\tb", "a\0", "\u{7F}", String(repeating: "t", count: 513)] {
                #expect(throws: InvalidName.self) { try name.check(text) }
            }
        }
        try Name.tenant.check("")
        #expect(throws: InvalidName.self) { try Name.key.check("") }
    }

    @Test("an error never prints a control character, nor an endless name")
    func printing() {
        let error = #expect(throws: InvalidName.self) {
            try Name.tenant.check("\u{1B}[31m\n" + String(repeating: "x", count: 600))
        }
        let text = error?.description ?? ""
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 })
        #expect(text.utf8.count < 200)
    }

    @Test("priorities keep to their range")
    func priority() {
        // Not literals, which are clamped.
        let levels = [11, -11, 10]
        #expect(levels.map { Priority($0)?.rawValue } == [nil, nil, 10])
        #expect((99 as Priority).rawValue == 10)
        #expect(Priority(clamping: -99).rawValue == -10)
        #expect((-1 as Priority) < .normal)
    }
}
