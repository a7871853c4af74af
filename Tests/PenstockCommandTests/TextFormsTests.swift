import Testing

@testable import PenstockCommand

/// What people type, and what they read: pure functions.
@Suite struct TextFormsTests {
    @Test(arguments: [
        ("500ms", 500), ("5s", 5_000), ("1.5s", 1_500), ("10m", 600_000), ("2h", 7_200_000), ("1d", 86_400_000),
        ("1h30m", 5_400_000), ("1d2h3m4s5ms", 93_784_005), ("0s", 0),
    ])
    func durations(text: String, milliseconds: Int) throws {
        #expect(try DurationText.parse(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "5", "s", "-1s", "5x", "1s1h", "1h1h", "1..5s", ".5s", "5.s", "5 s", "1e3s", "\u{0665}s",
        "99999999999999999999d",
    ])
    func refusedDurations(text: String) {
        #expect(throws: ArgumentProblem.self) { try DurationText.parse(text) }
    }

    @Test(arguments: [
        ("2030-01-31T18:00:00Z", 1_896_112_800_000), ("2030-01-31T18:00:00.25Z", 1_896_112_800_250),
        ("2030-01-31T19:00+01:00", 1_896_112_800_000), ("2030-01-31 12:30:00-0530", 1_896_112_800_000),
        ("2030-01-31T19:00+01", 1_896_112_800_000), ("2000-02-29T00:00Z", 951_782_400_000),
    ])
    func moments(text: String, milliseconds: Int64) throws {
        #expect(try MomentText.parse(text) == milliseconds)
    }

    @Test(arguments: [
        "", "now", "2030-13-01T00:00Z", "2030-02-29T00:00Z", "2030-01-01T24:00Z", "2030-01-01T00:60Z", "30-01-01",
        "2030-01-01T00:00Q", "2030-01-01T00:00Z ",
    ])
    func refusedMoments(text: String) {
        #expect(throws: ArgumentProblem.self) { try MomentText.parse(text) }
    }

    @Test func `a moment without a zone is local`() throws {
        let moment = try MomentText.parse("2030-01-31T18:00")
        #expect(Moment.text(moment).hasPrefix("2030-01-31T18:00:00.000"))
    }

    @Test(arguments: [
        "null", "true", " false ", "0", "-0.5e+10", "\"\"", "\"\\u00e9\\n\\\"\"", "[]", "[ ]", "{}",
        "[1,[2,{\"a\":[]}],{}]",
        "{ \"a\" : 1 , \"b\" : [ true ] }", "\"\u{1F600}\"", "\t\r\n1",
    ])
    func json(text: String) throws {
        try JSONSyntax.check(Array(text.utf8))
    }

    @Test(arguments: [
        ("", 0), ("  ", 2), ("nul", 0), ("01", 1), ("1.", 2), ("-", 1), ("1e", 2), ("+1", 0), ("[1,]", 3), ("[1 2]", 3),
        ("[", 1), ("[}", 1), ("{]", 1), ("{\"a\"}", 4), ("{\"a\":}", 5), ("{\"a\":1,}", 7), ("{a:1}", 1), ("\"abc", 4),
        ("\"\\x\"", 2), ("\"\\u12g4\"", 5), ("\"a\nb\"", 2), ("1 2", 2), ("'a'", 0), ("{}}", 2), ("\u{FEFF}1", 0),
    ])
    func refusedJSON(text: String, offset: Int) {
        let problem = #expect(throws: JSONSyntax.Problem.self) { try JSONSyntax.check(Array(text.utf8)) }
        #expect(problem?.offset == offset)
    }

    @Test func `JSON is UTF-8, and not too deep`() {
        let problem = #expect(throws: JSONSyntax.Problem.self) {
            try JSONSyntax.check([UInt8(ascii: "\""), 0xC3, 0xA9, 0xFF, UInt8(ascii: "\"")])
        }
        #expect(problem?.offset == 3)
        #expect(throws: Never.self) {
            try JSONSyntax.check(Array((String(repeating: "[", count: 500) + String(repeating: "]", count: 500)).utf8))
        }
        #expect(throws: JSONSyntax.Problem.self) {
            try JSONSyntax.check([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000))
        }
    }

    @Test(arguments: [
        (0, "0ms"), (999, "999ms"), (3_200, "3.2s"), (192_000, "3m 12s"), (3_600_000, "1h"), (3_605_000, "1h"),
        (90_061_000, "1d 1h"), (-5, "0s"),
    ])
    func humanDurations(milliseconds: Int64, text: String) {
        #expect(HumanText.duration(milliseconds: milliseconds) == text)
    }

    @Test func `numbers for people`() {
        #expect(
            [0, 999, 1_000, 1_234_567, -1_000].map(HumanText.count) == ["0", "999", "1,000", "1,234,567", "-1,000"])
        #expect(HumanText.bytes(1_536) == "1.5 KiB")
        #expect(HumanText.fixed(2.05, 2) == "2.05" && HumanText.fixed(99.6, 0) == "100")
    }

    @Test func `a table is aligned, and shows no control characters`() {
        var table = Table([.text("name"), .number("count"), .text("state")])
        table.add(["a\u{1B}[31m", "1", "open"])
        table.add(["longer", "1,000", "paused"])
        #expect(
            table.render(Style(isOn: false)) == """
                NAME    COUNT  STATE
                a\u{FFFD}[31m      1  open
                longer  1,000  paused
                """)
    }

    @Test(arguments: [
        (["stats", "--embedded"], ["stats", "--embedded-temporary"]),
        (["stats", "--embedded", "--json"], ["stats", "--embedded-temporary", "--json"]),
        (["stats", "--embedded", "./d"], ["stats", "--embedded=./d"]),
        (["stats", "--embedded", ".", "x"], ["stats", "--embedded=.", "x"]),
        (["enqueue", "--embedded", "k"], ["enqueue", "--embedded-temporary", "k"]),
        (["stats", "--embedded=d"], ["stats", "--embedded=d"]),
        (["worker", "--exec", "p", "--embedded", "/x"], ["worker", "--exec", "p", "--embedded", "/x"]),
    ])
    func embedded(words: [String], settled: [String]) {
        #expect(EmbeddedArgument.settled(words) == settled)
    }

    @Test func `bounded output keeps the beginning or the end`() {
        for (part, kept) in [(BoundedOutput.Part.beginning, "01234"), (.end, "56789")] {
            var output = BoundedOutput(keeping: part, limit: 5)
            for digit in "0123456789" { Array(String(digit).utf8).withUnsafeBytes { output.append($0) } }
            #expect(String(decoding: output.bytes, as: UTF8.self) == kept)
            #expect(output.total == 10 && output.isTruncated)
        }
    }

    @Test func `bytes are shown as text, or as hexadecimal`() {
        let text = BytesPreview(Array("h\u{E9}llo".utf8), limit: 2)
        #expect(text.encoding == "text" && text.content == "h" && text.isTruncated && text.bytes == 6)
        let binary = BytesPreview([0xFF, 0x00, 0x41], limit: 100)
        #expect(binary.encoding == "base64" && binary.content == "/wBB")
        #expect(binary.forPeople.hasSuffix("A") && binary.forPeople.contains("ff 00 41"))
        #expect(BytesPreview([], limit: 1).forPeople == "(empty)")
    }
}
