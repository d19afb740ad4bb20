import CNice
@testable import RelayIO
import RelayProtocol
import TestSupport
import Testing

@Suite struct ConnectivityChecksTests {
    private static let password = "VOkJxbRl1RmTxUk/WvJxBt"
    private let ipv4 = Endpoint(high: 0, low: 0xc000_0201, port: 32_853, isIPv6: false)
    private let ipv6 = Endpoint(high: 0x2001_0db8_1234_5678, low: 0x0011_2233_4455_6677, port: 32_853, isIPv6: true)

    @Test func answersACheckWithTheAddressItCameFrom() {
        for source in [ipv4, ipv6] {
            let client = STUNClient(password: Self.password)
            let checks = ConnectivityChecks()
            let (outcome, reply) = checks.handled(client.request(), from: source)
            guard case .accepted(let ufrag, let useCandidate, _) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(ufrag == "evtj")
            #expect(!useCandidate)
            let read = client.read(reply)
            #expect(read.status == STUN_VALIDATION_SUCCESS)
            #expect(read.isSuccess)
            #expect(read.address == source)
        }
    }

    @Test func tellsNominationApart() {
        let client = STUNClient(password: Self.password)
        guard
            case .accepted(_, true, _) = ConnectivityChecks().handled(client.request(useCandidate: true), from: ipv4)
                .outcome
        else {
            Issue.record("USE-CANDIDATE was missed")
            return
        }
    }

    @Test func aControlledPeerHearsOfTheRoleConflict() {
        let client = STUNClient(password: Self.password)
        let (outcome, reply) = ConnectivityChecks().handled(client.request(controlling: false), from: ipv4)
        #expect(!outcome.isAccepted)
        #expect(client.read(reply).errorCode == 487)
    }

    @Test func unknownUfragsAndWrongPasswordsAreUnauthorized() {
        let wrong = STUNClient(password: "another password of this length")
        let right = STUNClient(password: Self.password)
        let requests = [
            wrong.request(), right.request(username: "nobody:h6vY"), right.request(username: ":h6vY"),
            right.request(username: "evtj"),
        ]
        for (number, request) in requests.enumerated() {
            let (outcome, reply) = ConnectivityChecks().handled(request, from: ipv4)
            #expect(!outcome.isAccepted, "request \(number)")
            #expect(right.read(reply).errorCode == 401, "request \(number)")
        }
    }

    @Test func checksWithoutCredentialsAreBadRequests() {
        let client = STUNClient(password: Self.password)
        for request in [client.request(signed: false), client.request(username: nil)] {
            let (outcome, reply) = ConnectivityChecks().handled(request, from: ipv4)
            #expect(!outcome.isAccepted)
            #expect(client.read(reply).errorCode == 400)
        }
    }

    @Test func attributesThatHaveToBeUnderstoodAreNamed() {
        let client = STUNClient(password: Self.password)
        let request = client.request(extra: [(0x7ffe, [1, 2, 3, 4])])
        let (outcome, reply) = ConnectivityChecks().handled(request, from: ipv4)
        #expect(!outcome.isAccepted)
        let read = client.read(reply)
        #expect(read.errorCode == 420)
        #expect(read.unknownAttributes?.prefix(2) == [0x7f, 0xfe])
    }

    @Test func optionalAttributesAreIgnored() {
        let client = STUNClient(password: Self.password)
        // libwebrtc's network cost, and GOOG_PING's support.
        let request = client.request(extra: [(0xc057, [0, 1, 0, 10]), (0xc07d, [0, 0, 0, 2])])
        #expect(ConnectivityChecks().handled(request, from: ipv4).outcome.isAccepted)
    }

    @Test func otherMethodsAreBadRequests() {
        let client = STUNClient(password: Self.password)
        let (outcome, reply) = ConnectivityChecks().handled(client.request(method: STUN_ALLOCATE), from: ipv4)
        #expect(!outcome.isAccepted)
        #expect(client.read(reply).errorCode == 400)
    }

    @Test func responsesAndIndicationsGetNoReply() {
        let client = STUNClient(password: Self.password)
        let checks = ConnectivityChecks()
        var request = client.request()
        let (_, reply) = checks.handled(request, from: ipv4)
        #expect(checks.handled(reply, from: ipv4).reply.isEmpty)
        request[1] = 0x11
        #expect(checks.handled(request, from: ipv4).reply.isEmpty)
    }

    @Test func aCheckIsAcceptedAgainAfterOthersWereRefused() {
        let client = STUNClient(password: Self.password)
        let checks = ConnectivityChecks()
        let good = client.request()
        for _ in 0..<300 {
            #expect(!checks.handled(STUNClient(password: "wrong").request(), from: ipv4).outcome.isAccepted)
            #expect(checks.handled(good, from: ipv4).outcome.isAccepted)
        }
    }

    @Test func noChangedByteIsAccepted() {
        let request = STUNClient(password: Self.password).request(useCandidate: true)
        let checks = ConnectivityChecks()
        for at in request.indices {
            for bit in 0..<8 {
                var changed = request
                changed[at] ^= 1 << UInt8(bit)
                #expect(!checks.handled(changed, from: ipv4).outcome.isAccepted, "byte \(at), bit \(bit)")
            }
        }
        for length in request.indices {
            #expect(!checks.handled(Array(request.prefix(length)), from: ipv4).outcome.isAccepted)
        }
        #expect(checks.handled(request, from: ipv4).outcome.isAccepted)
    }

    @Test func survivesSeededNoise() {
        var random = SeededRandom(seed: 60)
        let request = STUNClient(password: Self.password).request()
        let checks = ConnectivityChecks()
        for number in 0..<10_000 {
            var datagram = number % 3 == 0 ? random.bytes(Int.random(in: 0...120, using: &random)) : request
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                guard let at = datagram.indices.randomElement(using: &random) else { break }
                switch Int.random(in: 0..<3, using: &random) {
                case 0: datagram[at] = UInt8.random(in: 0...255, using: &random)
                case 1: datagram.removeSubrange(at...)
                default: datagram.insert(contentsOf: random.bytes(4), at: at)
                }
            }
            // With the length field made right again, the attributes are reached.
            if number % 2 == 0, datagram.count >= 20 {
                datagram[2] = UInt8(truncatingIfNeeded: (datagram.count - 20) >> 8)
                datagram[3] = UInt8(truncatingIfNeeded: datagram.count - 20) & 0xfc
            }
            #expect(
                !checks.handled(datagram, from: ipv6).outcome.isAccepted || datagram == request, "datagram \(number)")
        }
    }
}
