import NIOCore

/// The byte level of what is sent: RESP arrays of bulk strings (`*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`).
enum RESPEncoding {
    /// How many decimal digits `value` takes; `value` is never negative here.
    static func digitCount(_ value: Int) -> Int { digitCount(magnitude: value.magnitude) }

    static func digitCount(magnitude: UInt) -> Int {
        var rest = magnitude
        var count = 1
        while rest >= 10 {
            rest /= 10
            count += 1
        }
        return count
    }

    /// The length of `count` bytes as a bulk string, prefix and line ends included.
    static func bulkByteCount(_ count: Int) -> Int { 5 + digitCount(count) + count }

    /// Appends `$<count>\r\n`, after which `count` bytes and `\r\n` are to follow.
    static func appendBulkPrefix(_ count: Int, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "$"))
        appendDecimal(UInt(count), to: &bytes)
        appendLineEnd(to: &bytes)
    }

    static func appendLineEnd(to bytes: inout [UInt8]) {
        bytes.append(13)
        bytes.append(10)
    }

    static func appendDecimal(_ value: UInt, to bytes: inout [UInt8]) {
        guard value >= 10 else { return bytes.append(UInt8(truncatingIfNeeded: value) &+ 48) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var position = 20
            var rest = value
            repeat {
                position -= 1
                digits[position] = UInt8(truncatingIfNeeded: rest % 10) &+ 48
                rest /= 10
            } while rest > 0
            bytes.append(contentsOf: digits[position..<20])
        }
    }

    /// Writes `marker`, `value` in decimal and a line end, and returns how many bytes that was.
    static func write(
        _ marker: Unicode.Scalar, _ value: Int, to target: UnsafeMutableRawBufferPointer, at offset: Int
    ) -> Int {
        let digits = digitCount(value)
        target[offset] = UInt8(ascii: marker)
        var rest = value
        var position = offset + digits
        while position > offset {
            target[position] = UInt8(truncatingIfNeeded: rest % 10) &+ 48
            rest /= 10
            position -= 1
        }
        target[offset + digits + 1] = 13
        target[offset + digits + 2] = 10
        return digits + 3
    }
}

extension RedisCommand {
    /// The exact number of bytes that `encode(into:)` writes.
    var byteCount: Int {
        3 + RESPEncoding.digitCount(arguments.count + 1) + RESPEncoding.bulkByteCount(name.utf8.count)
            + arguments.byteCount
    }

    /// Writes the whole command, in one reservation and without an allocation of its own.
    func encode(into buffer: inout ByteBuffer) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { target in
            var offset = RESPEncoding.write("*", arguments.count + 1, to: target, at: 0)
            offset += RESPEncoding.write("$", name.utf8.count, to: target, at: offset)
            for byte in name.utf8 {
                target[offset] = byte
                offset += 1
            }
            target[offset] = 13
            target[offset + 1] = 10
            offset += 2
            arguments.encoded.withUnsafeBytes { source in
                UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: source)
            }
            return offset + arguments.encoded.count
        }
    }
}
