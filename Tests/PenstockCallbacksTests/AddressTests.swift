import PenstockCallbacks
import Testing

@Suite struct AddressTests {
    static let refused = [
        "0.0.0.0", "0.1.2.3", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
        "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0", "172.31.255.255",
        "192.0.0.1",
        "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255",
        "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.254",
        "255.255.255.255",
        "::", "::1", "::2", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.1.2.3", "::ffff:169.254.169.254",
        "::ffff:0.0.0.0", "::127.0.0.1", "::10.0.0.1", "::ffff:0:8.8.8.8", "64:ff9b::127.0.0.1", "64:ff9b::a00:1",
        "64:ff9b::169.254.169.254", "64:ff9b:1::1", "64:ff9b:1::8.8.8.8", "100::1", "2001::1", "2001:0:808:808::",
        "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::1", "2001:db8::1", "2001:db8:ffff::1", "2002:7f00:1::",
        "2002:a00:1::1", "2002:a9fe:a9fe::1", "2002:c0a8:101::", "3fff::1", "3fff:fff:ffff::1", "4000::1", "5f00::1",
        "fc00::1",
        "fd00::1", "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1", "ff00::1", "ff02::1", "ff05::2",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ]
    static let allowed = [
        "1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "93.184.216.34", "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0",
        "192.0.3.0", "192.88.98.255", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
        "203.0.112.255", "203.0.114.0", "223.255.255.255", "2000::1", "2001:200::1", "2001:4860:4860::8888",
        "2001:db7:ffff::1", "2001:db9::1", "2600::1", "2a00:1450:4001::1", "3ffe:ffff::1", "3fff:1000::1",
        "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
    ]

    @Test("what is not public is refused", arguments: refused)
    func refuses(text: String) throws {
        #expect(try !AddressRules.publicOnly.isAllowed(#require(IPAddress(text))))
    }

    @Test("what is public is allowed, up to the edges of what is not", arguments: allowed)
    func allows(text: String) throws {
        #expect(try AddressRules.publicOnly.isAllowed(#require(IPAddress(text))))
    }

    @Test(
        "the operator allows ranges, in whatever form an address of them comes",
        arguments: [
            (["10.0.0.0/8"], "10.1.2.3", true),
            (["10.0.0.0/8"], "::ffff:10.1.2.3", true),
            (["10.0.0.0/8"], "64:ff9b::10.1.2.3", true),
            (["10.0.0.0/8"], "11.0.0.1", true),
            (["10.0.0.0/8"], "127.0.0.1", false),
            (["10.0.0.0/8"], "192.168.0.1", false),
            (["127.0.0.1"], "127.0.0.1", true),
            (["127.0.0.1"], "127.0.0.2", false),
            (["127.0.0.1"], "::1", false),
            (["::1"], "::1", true),
            (["::1"], "0.0.0.1", false),
            (["0.0.0.0/8"], "::1", false),
            (["fd00::/8"], "fd12::1", true),
            (["fd00::/8"], "fc12::1", false),
            (["192.168.4.0/22"], "192.168.7.255", true),
            (["192.168.4.0/22"], "192.168.8.0", false),
            (["192.168.0.0/31", "172.20.0.7"], "172.20.0.7", true),
            (["0.0.0.0/0"], "127.0.0.1", true),
            (["0.0.0.0/0"], "::ffff:127.0.0.1", true),
            (["0.0.0.0/0"], "fd00::1", false),
            (["::/0"], "fd00::1", true),
            (["::/0"], "127.0.0.1", false),
        ])
    func operatorsRanges(ranges: [String], address: String, isAllowed: Bool) throws {
        #expect(try AddressRules(allowing: ranges).isAllowed(#require(IPAddress(address))) == isAllowed)
    }

    @Test(
        "what is no range is refused with the way out",
        arguments: [
            ("", "is none"), ("localhost", "is none"), ("10.0.0", "is none"), ("010.0.0.1", "is none"),
            ("10.0.0.0/8/8", "is none"),
            ("fe80::1%eth0", "is none"), ("10.0.0.0/", "no length of 0 to 32"), ("10.0.0.0/33", "no length of 0 to 32"),
            ("10.0.0.0/-1", "no length"), ("10.0.0.0/+8", "no length"), ("fd00::/129", "no length of 0 to 128"),
            ("10.0.0.1/8", "bits set after its first 8"), ("fd00::1/8", "bits set after its first 8"),
            ("1.0.0.0/0", "bits set"),
        ])
    func invalidRanges(text: String, problem: String) {
        let error = #expect(throws: InvalidCallbackSetting.self) { try AddressRules(allowing: ["10.0.0.0/8", text]) }
        #expect(error?.description.contains(problem) == true)
    }

    @Test(
        "addresses are read in their usual notation only, and shown in it",
        arguments: [
            ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("2001:DB8:0:0::7", "2001:db8::7"), ("0.0.0.0", "0.0.0.0"),
            ("127.1", nil), ("0x7f.0.0.1", nil), ("017700000001", nil), ("2130706433", nil), ("127.0.0.01", nil),
            ("[::1]", nil),
            ("fe80::1%lo", nil), ("1.2.3.4.", nil), (" 1.2.3.4", nil), ("example.org", nil), ("", nil),
        ])
    func notation(text: String, shown: String?) {
        #expect(IPAddress(text)?.description == shown)
    }

    @Test("bits are in host byte order")
    func bits() {
        #expect(IPAddress("127.0.0.1") == .v4(0x7F00_0001))
        #expect(IPAddress("2001:db8::7") == .v6(0x2001_0DB8_0000_0000_0000_0000_0000_0007))
    }
}
