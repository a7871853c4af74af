/// Addresses that share their first bits, in CIDR notation.
struct AddressRange: Sendable, Hashable {
    let base: IPAddress
    let prefix: Int

    /// - Parameter text: `10.0.0.0/8`, `fd00::/8`, or one address.
    init(_ text: String) throws(InvalidCallbackSetting) {
        func invalid(_ problem: String) -> InvalidCallbackSetting {
            InvalidCallbackSetting(setting: "address range \"\(text.prefix(60))\"", problem: problem)
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let base = IPAddress(String(parts[0])) else {
            throw invalid("is none; write it like 10.0.0.0/8, fd00::/8 or 127.0.0.1")
        }
        var prefix = base.width
        if parts.count == 2 {
            guard let length = Int(parts[1]), (0...base.width).contains(length), parts[1].allSatisfy(\.isNumber) else {
                throw invalid("has no length of 0 to \(base.width) after its slash")
            }
            prefix = length
        }
        self.init(base, prefix)
        guard contains(base), base.prefix(base.width) == base.prefix(prefix) << (base.width - prefix) else {
            throw invalid("has bits set after its first \(prefix); clear them, or correct the length")
        }
    }

    private init(_ base: IPAddress, _ prefix: Int) {
        self.base = base
        self.prefix = prefix
    }

    /// For ranges that are written in this module's code.
    static func v4(_ bits: UInt32, _ prefix: Int) -> AddressRange { AddressRange(.v4(bits), prefix) }
    static func v6(_ bits: UInt128, _ prefix: Int) -> AddressRange { AddressRange(.v6(bits), prefix) }

    func contains(_ address: IPAddress) -> Bool {
        address.width == base.width && address.prefix(prefix) == base.prefix(prefix)
    }
}
