/// A path as the kernel sees it: bytes without a NUL, UTF-8 by custom only.
///
/// In JSON it is a string where it is one, else a list of bytes.
struct FileName: Sendable, Hashable, Codable, CustomStringConvertible {
    let bytes: [UInt8]

    init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
    init(_ text: String) { self.init(text.utf8) }

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
            self.init(text)
        } else {
            self.init(try value.decode([UInt8].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        if let text = String(validating: bytes, as: UTF8.self) {
            try value.encode(text)
        } else {
            try value.encode(bytes)
        }
    }

    func appending(_ name: some Collection<UInt8>) -> FileName {
        FileName(bytes + (bytes.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]) + name)
    }

    var lastComponent: FileName {
        FileName(bytes.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? [UInt8(ascii: "/")])
    }

    /// For system calls.
    func withCString<Value>(_ body: (UnsafePointer<CChar>) throws -> Value) rethrows -> Value {
        try (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("it ends with a NUL") }
            return try body(start)
        }
    }

    /// For people: one line, whatever is in it.
    var description: String { printable(String(decoding: bytes, as: UTF8.self)) }
}
