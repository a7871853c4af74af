/// Which addresses a callback may be sent to. URLs of callbacks come from whoever starts a run, and workers stand
/// where they reach what is not meant for that person: databases, metadata services of clouds, the machine itself. So
/// all that is not public is refused, unless the operator allows it.
///
/// An IPv6 address that leads to an IPv4 address (mapped, compatible, NAT64, 6to4) is judged as that one.
public struct AddressRules: Sendable, Hashable {
    /// Public addresses and no others.
    public static let publicOnly = AddressRules()

    private let allowed: [AddressRange]

    private init() { allowed = [] }

    /// - Parameter ranges: What is allowed besides public addresses: `["10.0.0.0/8", "fd00::/8", "127.0.0.1"]`.
    /// - Throws: for a range that is none.
    public init(allowing ranges: [String]) throws(InvalidCallbackSetting) {
        var allowed: [AddressRange] = []
        for text in ranges { allowed.append(try AddressRange(text)) }
        self.allowed = allowed
    }

    /// Whether a connection to the address may be made.
    public func isAllowed(_ address: IPAddress) -> Bool { isNamed(address) || Self.isPublic(address) }

    /// Whether the operator has allowed the address by a range, so that it is one of his own.
    func isNamed(_ address: IPAddress) -> Bool {
        allowed.contains { $0.contains(address) } || (address.innerIPv4.map(isNamed) ?? false)
    }

    private static func isPublic(_ address: IPAddress) -> Bool {
        if let inner = address.innerIPv4 { return isPublic(inner) }
        switch address {
        case .v4: return !SpecialRanges.v4.contains { $0.contains(address) }
        case .v6:
            return SpecialRanges.globalUnicast.contains(address)
                && !SpecialRanges.v6.contains { $0.contains(address) }
        }
    }
}
