import NIOCore

/// An address as a connection is made to it, whatever name or notation led there.
public enum IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// In host byte order: 127.0.0.1 is `0x7F00_0001`.
    case v4(UInt32)
    case v6(UInt128)

    /// An address in the usual notation, `192.0.2.7` or `2001:db8::7`. Nil for any other: no names, no leading zeros,
    /// no hexadecimal or shortened IPv4 addresses, no zones.
    public init?(_ text: String) {
        guard !text.contains("%"), let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
        self.init(address)
    }

    /// Nil for a unix socket.
    init?(_ address: SocketAddress) {
        switch address {
        case .v4(let address): self = .v4(UInt32(bigEndian: address.address.sin_addr.s_addr))
        case .v6(let address):
            self = .v6(
                withUnsafeBytes(of: address.address.sin6_addr) { bytes in bytes.reduce(0) { $0 << 8 | UInt128($1) } })
        case .unixDomainSocket: return nil
        }
    }

    public var description: String {
        (try? SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: 0))?.ipAddress ?? "unknown address"
    }

    /// The number of its bits: 32 or 128.
    var width: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    /// The first so many of its bits.
    func prefix(_ length: Int) -> UInt128 {
        switch self {
        case .v4(let bits): UInt128(bits) >> (32 - length)
        case .v6(let bits): bits >> (128 - length)
        }
    }

    /// The IPv4 address inside this IPv6 address, at which packets to it arrive in the end: mapped (`::ffff:a.b.c.d`),
    /// compatible (`::a.b.c.d`), behind NAT64 (`64:ff9b::a.b.c.d`), or a 6to4 gateway (`2002:aabb:ccdd::`).
    var innerIPv4: IPAddress? {
        guard case .v6(let bits) = self, bits > 1 else { return nil }
        switch bits >> 32 {
        case 0, 0xFFFF, 0x0064_FF9B_0000_0000_0000_0000: return .v4(UInt32(truncatingIfNeeded: bits))
        default: return bits >> 112 == 0x2002 ? .v4(UInt32(truncatingIfNeeded: bits >> 80)) : nil
        }
    }

    private var bytes: [UInt8] {
        let bits = prefix(width)
        return stride(from: width - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: bits >> $0) }
    }
}
