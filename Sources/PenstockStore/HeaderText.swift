import PenstockModel

/// Headers as the record's option `h` has them: `name=value` pairs, joined by `;`, in the order of their names, so that
/// the same headers make the same bytes. In names and values `%`, `;`, control bytes and, in names, `=` are written `%` and
/// two hexadecimal digits; all else stands as it is, in UTF-8.
enum HeaderText {
    static func encode(_ headers: [String: String]) -> String {
        var text: [UInt8] = []
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
            if !text.isEmpty { text.append(UInt8(ascii: ";")) }
            append(name, to: &text, isName: true)
            text.append(UInt8(ascii: "="))
            append(value, to: &text, isName: false)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Passes over what it cannot read.
    static func decode(_ text: String) -> [String: String] {
        var headers: [String: String] = [:]
        for pair in text.utf8.split(separator: UInt8(ascii: ";")) {
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), equals != pair.startIndex else { continue }
            headers[unescape(pair[..<equals])] = unescape(pair[pair.index(after: equals)...])
        }
        return headers
    }

    private static func append(_ part: String, to text: inout [UInt8], isName: Bool) {
        for byte in part.utf8 {
            switch byte {
            case 0..<0x20, 0x7F, UInt8(ascii: "%"), UInt8(ascii: ";"): break
            case UInt8(ascii: "=") where isName: break
            default:
                text.append(byte)
                continue
            }
            text.append(UInt8(ascii: "%"))
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
    }

    private static func unescape(_ part: Substring.UTF8View.SubSequence) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(part.count)
        var rest = part
        while let byte = rest.popFirst() {
            let escape = rest.prefix(2)
            if byte == UInt8(ascii: "%"), escape.count == 2, let high = digit(escape.first),
                let low = digit(escape.last)
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)

    private static func digit(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case .some(let byte) where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte): byte - UInt8(ascii: "0")
        case .some(let byte) where (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte): byte - UInt8(ascii: "A") + 10
        case .some(let byte) where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
