#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Bytes from outside, for people and programs: text if they are text, else hexadecimal or Base64; never too many.
struct BytesPreview: Encodable {
    /// How many there are in all.
    let bytes: Int
    /// "text" or "base64".
    let encoding: String
    let content: String
    /// Whether the content is only the beginning.
    let isTruncated: Bool

    enum CodingKeys: String, CodingKey {
        case bytes
        case encoding
        case content
        case isTruncated = "truncated"
    }

    private let shown: ArraySlice<UInt8>

    init(_ all: [UInt8], limit: Int) {
        bytes = all.count
        isTruncated = all.count > limit
        var head = all.prefix(limit)
        // A limit must not cut a character in two.
        if isTruncated {
            for _ in 0..<3 where String(validating: head, as: UTF8.self) == nil { head = head.dropLast() }
        }
        if let text = String(validating: head, as: UTF8.self), !text.utf8.contains(0) {
            encoding = "text"
            content = text
        } else {
            head = all.prefix(limit)
            encoding = "base64"
            content = Data(head).base64EncodedString()
        }
        shown = head
    }

    /// The content as lines for a terminal.
    var forPeople: String {
        let more = isTruncated ? "\n... \(HumanText.bytes(bytes)) in all; --full shows everything" : ""
        if bytes == 0 { return "(empty)" }
        if encoding == "text" {
            let text = content.hasSuffix("\n") ? content.dropLast() : content[...]
            return text.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0)) }
                .joined(separator: "\n") + more
        }
        return Self.dump(isTruncated ? shown.prefix(256) : shown) + more
    }

    /// Sixteen bytes a line: offset, hexadecimal, what is printable.
    private static func dump(_ bytes: ArraySlice<UInt8>) -> String {
        var lines: [String] = []
        var rest = bytes
        while !rest.isEmpty {
            let row = rest.prefix(16)
            rest = rest.dropFirst(16)
            let offset = String(16 * lines.count, radix: 16)
            let codes = row.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
            let letters = row.map { (0x20...0x7E).contains($0) ? Character(Unicode.Scalar($0)) : "." }
            lines.append(
                String(repeating: "0", count: max(0, 6 - offset.count)) + offset + "  " + codes
                    + String(repeating: " ", count: 49 - codes.count) + String(letters))
        }
        return lines.joined(separator: "\n")
    }
}
