/// Aligned columns. Numbers stand to the right; the last column is never padded.
struct Table {
    struct Column {
        let title: String
        let isNumber: Bool

        static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
        static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
    }

    /// A cell: its text, and how it is painted once it has been padded.
    struct Cell: ExpressibleByStringInterpolation {
        let text: String
        var paint: (String) -> String = { $0 }

        init(_ text: String, paint: @escaping (String) -> String = { $0 }) {
            self.text = printable(text)
            self.paint = paint
        }

        init(stringLiteral value: String) { self.init(value) }
    }

    let columns: [Column]
    private(set) var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ row: [Cell]) { rows.append(row) }

    func render(_ style: Style = .output) -> String {
        let widths = columns.indices.map { index in
            rows.map { $0[index].text.count }.reduce(columns[index].title.count, max)
        }
        let titles = columns.map { Cell($0.title.uppercased(), paint: style.dim) }
        return ([titles] + rows).map { row in
            columns.indices.map { index in pad(row[index], to: widths[index], at: index) }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    /// Without the blanks at the end of lines whose last cells are empty.
    func renderWithoutTrail() -> String {
        render().split(separator: "\n").map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
            .joined(separator: "\n")
    }

    private func pad(_ cell: Cell, to width: Int, at index: Int) -> String {
        let blanks = String(repeating: " ", count: width - cell.text.count)
        if columns[index].isNumber { return blanks + cell.paint(cell.text) }
        return cell.paint(cell.text) + (index == columns.count - 1 ? "" : blanks)
    }
}

/// Names and values, one a line, the values under each other.
struct Sheet {
    private var lines: [(name: String, value: String)] = []

    mutating func add(_ name: String, _ value: String?) {
        if let value { lines.append((name, value)) }
    }

    func render(_ style: Style = .output) -> String {
        let width = lines.map(\.name.count).max() ?? 0
        let indent = String(repeating: " ", count: width + 2)
        return lines.map { name, value in
            let rows = value.split(separator: "\n", omittingEmptySubsequences: false)
            return style.dim(name) + String(repeating: " ", count: width - name.count + 2)
                + rows.joined(separator: "\n" + indent)
        }.joined(separator: "\n")
    }
}

/// Text from outside, fit for a terminal: no control characters.
func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
}

/// The same for text of several lines; a line that is absurdly long is cut in the middle.
func printableLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        let shown = line.count > 2000 ? line.prefix(1000) + " ... " + line.suffix(900) : line
        return printable(String(shown))
    }.joined(separator: "\n")
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
}
