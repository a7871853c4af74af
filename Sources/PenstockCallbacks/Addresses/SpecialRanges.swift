/// The ranges that IANA's registries of special-purpose addresses list as not globally reachable, with those for
/// multicast. The few globally reachable addresses inside 192.0.0.0/24 and 2001::/23 are services of the network and
/// receive no callbacks: they are refused with the rest.
enum SpecialRanges {
    static let v4: [AddressRange] = [
        .v4(0x0000_0000, 8),  // 0.0.0.0/8, this network
        .v4(0x0A00_0000, 8),  // 10.0.0.0/8, private
        .v4(0x6440_0000, 10),  // 100.64.0.0/10, shared by customers of a provider (CGNAT)
        .v4(0x7F00_0000, 8),  // 127.0.0.0/8, loopback
        .v4(0xA9FE_0000, 16),  // 169.254.0.0/16, link-local, where clouds have their metadata
        .v4(0xAC10_0000, 12),  // 172.16.0.0/12, private
        .v4(0xC000_0000, 24),  // 192.0.0.0/24, protocol assignments
        .v4(0xC000_0200, 24),  // 192.0.2.0/24, documentation
        .v4(0xC058_6300, 24),  // 192.88.99.0/24, 6to4 relays, withdrawn
        .v4(0xC0A8_0000, 16),  // 192.168.0.0/16, private
        .v4(0xC612_0000, 15),  // 198.18.0.0/15, benchmarking
        .v4(0xC633_6400, 24),  // 198.51.100.0/24, documentation
        .v4(0xCB00_7100, 24),  // 203.0.113.0/24, documentation
        .v4(0xE000_0000, 4),  // 224.0.0.0/4, multicast
        .v4(0xF000_0000, 4),  // 240.0.0.0/4, reserved, with 255.255.255.255
    ]

    /// 2000::/3, all that has been given out. What is outside is local, multicast or reserved: ::, ::1, 64:ff9b:1::/48,
    /// 100::/64, 5f00::/16, fc00::/7, fe80::/10, fec0::/10, ff00::/8.
    static let globalUnicast = AddressRange.v6(0x2000 << 112, 3)

    /// Inside of 2000::/3.
    static let v6: [AddressRange] = [
        .v6(0x2001 << 112, 23),  // 2001::/23, protocol assignments: Teredo, benchmarking, ORCHID
        .v6(0x2001_0DB8 << 96, 32),  // 2001:db8::/32, documentation
        .v6(0x3FFF << 112, 20),  // 3fff::/20, documentation
    ]
}
