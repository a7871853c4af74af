import Testing

@Suite struct SwiftTextTests {
    @Test func tellsCodeFromCommentsAndLiterals() {
        let text = SwiftText(
            ##"""
            let a = "x \(f("y", (1))) z" // remark "no"
            /* one /* two */ "no"
            */ let b = #"raw \(no) "quoted" \#(c)"#
            let d = "\"escaped\\"
            """##)
        #expect(
            text.literals.map(\.text) == ["x \u{FFFC} z", "y", #"raw \(no) "quoted" "# + "\u{FFFC}", #"\"escaped\\"#])
        #expect(text.literals.map(\.line) == [1, 1, 3, 4])
        #expect(
            text.code.map { String($0.trimmingPrefix(" ")) } == [
                #"let a = ""f("", (1)) "#, "", #"let b = ""c"#, #"let d = """#,
            ])
        #expect(text.comments[0] == #"// remark "no""#)
        #expect(text.comments[1] == #"/* one /* two */ "no""#)
    }

    @Test func recoversFromAQuotationMarkThatIsNone() {
        let text = SwiftText("let r = /\"/\nlet s = \"t\"\n")
        #expect(text.literals.last == SwiftText.Literal(line: 2, text: "t"))
    }
}
