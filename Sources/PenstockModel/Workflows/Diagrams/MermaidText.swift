/// Texts of others inside a Mermaid diagram.
enum MermaidText {
    /// A text that is shown as it is and means nothing to Mermaid, wherever a label may stand. All that could be
    /// syntax, a directive, markdown or HTML is written as a character code; what cannot be shown is replaced.
    static func escaped(_ text: String) -> String {
        // An empty label is an error of syntax; a blank that is not trimmed is none.
        if text.isEmpty { return "#160;" }
        let scalars = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        for (place, scalar) in scalars.enumerated() {
            let before = place > 0 ? scalars[place - 1] : nil
            let after = place + 1 < scalars.count ? scalars[place + 1] : nil
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", " ", "/", "@", "(", ")", ",": result.append(scalar)
            // Inside of a word these are no emphasis, begin no list and are no part of an arrow.
            case "_", "-", ".": result.append(contentsOf: isWord(before) && isWord(after) ? [scalar] : code(scalar))
            // Two of these in a row enclose a formula, also as codes: an invisible joiner keeps them apart.
            case "$": result.append(contentsOf: (before == "$" ? ["\u{2060}"] : []) + code(scalar))
            case "\u{2028}", "\u{2029}": result.append("\u{FFFD}")
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): result.append("\u{FFFD}")
            case _ where !scalar.isASCII: result.append(scalar)
            default: result.append(contentsOf: code(scalar))
            }
        }
        return String(result)
    }

    private static func isWord(_ scalar: Unicode.Scalar?) -> Bool {
        scalar.map { $0.properties.isAlphabetic || ("0"..."9").contains($0) } ?? false
    }

    private static func code(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] { Array("#\(scalar.value);".unicodeScalars) }
}
