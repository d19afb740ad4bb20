import CNice
@testable import RelayIO
import RelayProtocol
import TestSupport
import Testing

/// The test vectors of RFC 5769.
@Suite struct RFC5769Tests {
    private static let password = "VOkJxbRl1RmTxUk/WvJxBt"
    private let ipv4 = Endpoint(high: 0, low: 0xc000_0201, port: 32_853, isIPv6: false)
    private let ipv6 = Endpoint(high: 0x2001_0db8_1234_5678, low: 0x0011_2233_4455_6677, port: 32_853, isIPv6: true)

    /// Section 2.1.
    private let request = bytes(
        hex: """
            00010058 2112a442 b7e7a701 bc34d686 fa87dfae
            80220010 5354554e 20746573 7420636c 69656e74
            00240004 6e0001ff
            80290008 932ff9b1 51263b36
            00060009 6576746a 3a683676 59202020
            00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
            80280004 e57a3bcf
            """)

    /// Section 2.2.
    private let ipv4Response = bytes(
        hex: """
            0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
            8022000b 74657374 20766563 746f7220
            00200008 0001a147 e112a643
            00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7
            80280004 c07d4c96
            """)

    /// Section 2.3.
    private let ipv6Response = bytes(
        hex: """
            01010048 2112a442 b7e7a701 bc34d686 fa87dfae
            8022000b 74657374 20766563 746f7220
            00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
            00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41
            80280004 c8fb0b4c
            """)

    @Test func authenticatesTheSampleRequest() {
        // Its sender is controlled, and so hears of the role conflict: that comes only after authentication.
        let (outcome, reply) = ConnectivityChecks().handled(request, from: ipv4)
        #expect(!outcome.isAccepted)
        #expect(STUNClient(password: Self.password).read(reply).errorCode == 487)
    }

    @Test func refusesTheSampleRequestWithAnotherPassword() {
        let (outcome, reply) = ConnectivityChecks().handled(
            request, from: ipv4, passwords: ["evtj": "VOkJxbRl1RmTxUk/WvJxBs"])
        #expect(!outcome.isAccepted)
        #expect(STUNClient(password: Self.password).read(reply).errorCode == 401)
    }

    @Test func refusesTheSampleRequestWithAWrongFingerprint() {
        var changed = request
        changed[changed.count - 1] ^= 1
        let (outcome, reply) = ConnectivityChecks().handled(changed, from: ipv4)
        #expect(!outcome.isAccepted)
        #expect(STUNClient(password: Self.password).read(reply).errorCode == 400)
    }

    /// XOR-MAPPED-ADDRESS, as it stands in the sample responses.
    @Test func repliesWithTheSampleAddresses() {
        for (source, sample, length) in [(ipv4, ipv4Response, 12), (ipv6, ipv6Response, 24)] {
            let checks = ConnectivityChecks()
            let (outcome, reply) = checks.handled(STUNClient(password: Self.password).request(), from: source)
            #expect(outcome.isAccepted)
            let attribute = Array(sample[36..<36 + length])
            let found = stride(from: 20, to: reply.count - length, by: 4).contains {
                Array(reply[$0..<$0 + length]) == attribute
            }
            #expect(found, "\(source)")
            #expect(Array(reply[0..<2]) == [1, 1])
            #expect(reply[4..<20] == sample[4..<20])
        }
    }

    @Test func readsTheSampleResponses() {
        for (sample, address) in [(ipv4Response, ipv4), (ipv6Response, ipv6)] {
            let client = STUNClient(password: Self.password)
            _ = client.request()
            let read = client.read(sample)
            #expect(read.status == STUN_VALIDATION_SUCCESS)
            #expect(read.isSuccess)
            #expect(read.address == address)
        }
    }
}
