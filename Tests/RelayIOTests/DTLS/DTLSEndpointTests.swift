import COpenSSL
import RelayProtocol
import Testing

@testable import RelayIO

/// Two ends with nothing but memory between them.
private final class Association {
    let certificates: (client: Certificate, server: Certificate)
    let client: DTLSEndpoint
    let server: DTLSEndpoint

    init(
        clientProfiles: String? = nil, expectedOfClient: [RemoteTransport.Fingerprint]? = nil,
        expectedOfServer: [RemoteTransport.Fingerprint]? = nil
    ) throws {
        certificates = (try Certificate(), try Certificate())
        if let clientProfiles { _ = SSL_CTX_set_tlsext_use_srtp(certificates.client.context, clientProfiles) }
        client = try DTLSEndpoint(
            certificate: certificates.client, isClient: true,
            expected: expectedOfServer ?? [.init(hash: "sha-256", value: certificates.server.fingerprint)])
        server = try DTLSEndpoint(
            certificate: certificates.server, isClient: false,
            expected: expectedOfClient ?? [.init(hash: "sha-256", value: certificates.client.fingerprint)])
    }

    /// Carries datagrams to and fro until there are no more.
    func exchange(toServer: ([UInt8]) -> [[UInt8]] = { [$0] }, toClient: ([UInt8]) -> [[UInt8]] = { [$0] }) {
        client.start()
        for _ in 0..<40 {
            let up = drained(client)
            for datagram in up.flatMap(toServer) { datagram.withUnsafeBytes { server.receive($0) } }
            let down = drained(server)
            for datagram in down.flatMap(toClient) { datagram.withUnsafeBytes { client.receive($0) } }
            if up.isEmpty && down.isEmpty { break }
        }
    }
}

private func drained(_ endpoint: DTLSEndpoint) -> [[UInt8]] {
    var found: [[UInt8]] = []
    endpoint.drain { found.append(Array($0)) }
    return found
}

@Suite struct DTLSEndpointTests {
    @Test func bothEndsGetTheSameKeys() throws {
        let association = try Association()
        association.exchange()
        #expect(association.client.state == .connected)
        #expect(association.server.state == .connected)
        let client = try #require(association.client.exportKeys())
        let server = try #require(association.server.exportKeys())
        #expect(client.profile == server.profile)
        #expect(client.profile == .gcm128)
        #expect(client.sending == server.receiving)
        #expect(client.receiving == server.sending)
        #expect(client.sending != client.receiving)
    }

    @Test func aSettledAssociationStillSaysGoodbyeOnce() throws {
        let association = try Association()
        association.exchange()
        let (client, server) = (association.client, association.server)
        #expect(!server.isSettled)
        server.settle()
        #expect(server.isSettled)
        #expect(server.state == .connected)
        #expect(server.timeout == nil)
        client.close()
        for datagram in drained(client) + [[21], [22, 254, 253], []] { datagram.withUnsafeBytes { server.receive($0) } }
        #expect(drained(server).isEmpty)

        let other = try Association()
        other.exchange()
        other.server.settle()
        other.server.close()
        for datagram in drained(other.server) { datagram.withUnsafeBytes { other.client.receive($0) } }
        #expect(other.client.state == .closed)
        #expect(drained(other.server).isEmpty)
    }

    @Test func onlyAnEstablishedAssociationSettles() throws {
        let association = try Association()
        association.client.start()
        association.client.settle()
        #expect(!association.client.isSettled)
        association.exchange()
        #expect(association.client.state == .connected)
    }

    @Test(arguments: SRTPProfile.allCases) func aPeerWithOneProfileGetsIt(_ profile: SRTPProfile) throws {
        let association = try Association(clientProfiles: profile.name)
        association.exchange()
        let keys = try #require(association.server.exportKeys())
        #expect(keys.profile == profile)
        #expect(keys.sending.key.count == profile.keyLength)
        #expect(keys.sending.salt.count == profile.saltLength)
        #expect(association.client.exportKeys()?.receiving == keys.sending)
    }

    @Test func anUnexpectedCertificateNeverGetsKeys() throws {
        let stranger = try Certificate().fingerprint
        let wrong = try Association(expectedOfClient: [.init(hash: "sha-256", value: stranger)])
        wrong.exchange()
        guard case .failed = wrong.server.state else {
            Issue.record("\(wrong.server.state)")
            return
        }
        #expect(wrong.server.exportKeys() == nil)
        let none = try Association(expectedOfServer: [])
        none.exchange()
        #expect(none.client.exportKeys() == nil)
        let weak = try Association(expectedOfServer: [.init(hash: "md5", value: "00")])
        weak.exchange()
        #expect(weak.client.exportKeys() == nil)
    }

    @Test func oneFingerprintOfSeveralIsEnoughWhateverItsHash() throws {
        let certificate = try Certificate()
        let ssl = try #require(SSL_new(certificate.context))
        defer { SSL_free(ssl) }
        let own = try #require(SSL_get_certificate(ssl))
        for (name, hash) in [("sha-384", EVP_sha384()), ("sha-512", EVP_sha512())] {
            let value = try #require(Certificate.digest(of: own, hash))
            let server = try DTLSEndpoint(
                certificate: try Certificate(), isClient: false,
                expected: [.init(hash: "sha-256", value: "00:11"), .init(hash: name, value: value.lowercased())])
            let client = try DTLSEndpoint(certificate: certificate, isClient: true, expected: [])
            client.start()
            for _ in 0..<10 {
                for datagram in drained(client) { datagram.withUnsafeBytes { server.receive($0) } }
                for datagram in drained(server) { datagram.withUnsafeBytes { client.receive($0) } }
            }
            #expect(server.state == .connected, "\(name)")
        }
    }

    @Test func noDatagramIsTooLong() throws {
        let association = try Association()
        var longest = 0
        association.exchange(
            toServer: {
                longest = max(longest, $0.count)
                return [$0]
            },
            toClient: {
                longest = max(longest, $0.count)
                return [$0]
            })
        #expect(association.server.state == .connected)
        #expect(longest <= DTLSEndpoint.maximumDatagram)
    }

    @Test func duplicatesGarbageAndStrayRecordsAreIgnored() throws {
        let association = try Association()
        let garbage: [[UInt8]] = [
            [20], [22, 254, 253], [UInt8](repeating: 22, count: 60),
            [23, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4],
            [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255] + [UInt8](repeating: 1, count: 20),
            [63] + [UInt8](repeating: 0, count: 1400),
        ]
        association.exchange(toServer: { garbage + [$0, $0] }, toClient: { garbage + [$0, $0] })
        #expect(association.client.state == .connected)
        #expect(association.server.state == .connected)
        for bytes in garbage { bytes.withUnsafeBytes { association.server.receive($0) } }
        #expect(association.server.state == .connected)
        #expect(association.client.exportKeys()?.sending == association.server.exportKeys()?.receiving)
    }

    @Test func closingTellsThePeer() throws {
        let association = try Association()
        association.exchange()
        association.client.close()
        #expect(association.client.state == .closed)
        for datagram in drained(association.client) { datagram.withUnsafeBytes { association.server.receive($0) } }
        #expect(association.server.state == .closed)
        #expect(association.server.exportKeys() == nil)
    }

    /// A client hello so large that it leaves in several fragments, as Firefox's is with a post-quantum key share.
    @Test(arguments: [false, true]) func aHelloInFragmentsIsTakenInEitherOrder(reversed: Bool) throws {
        let certificate = try Certificate()
        let ssl = try #require(SSL_new(certificate.context))
        defer { SSL_free(ssl) }
        let into = try #require(copenssl_memory_bio())
        let out = try #require(copenssl_memory_bio())
        SSL_set_bio(ssl, into, out)
        copenssl_dtls_configure(ssl, 600)
        SSL_set_connect_state(ssl)
        let protocols: [UInt8] = (0..<12).flatMap { number in [100] + [UInt8](repeating: UInt8(97 + number), count: 100)
        }
        #expect(SSL_set_alpn_protos(ssl, protocols, UInt32(protocols.count)) == 0)
        let server = try DTLSEndpoint(
            certificate: try Certificate(), isClient: false,
            expected: [.init(hash: "sha-256", value: certificate.fingerprint)])

        func records() -> [[UInt8]] {
            var bytes = [UInt8](repeating: 0, count: 16_384)
            let count = Int(BIO_read(out, &bytes, Int32(bytes.count)))
            var found: [[UInt8]] = []
            var at = 0
            while at + 13 <= count {
                let end = at + 13 + (Int(bytes[at + 11]) << 8 | Int(bytes[at + 12]))
                found.append(Array(bytes[at..<end]))
                at = end
            }
            return found
        }
        SSL_do_handshake(ssl)
        let hello = records()
        #expect(hello.count >= 2)
        for record in reversed ? hello.reversed() : hello { record.withUnsafeBytes { server.receive($0) } }
        for _ in 0..<10 {
            for datagram in drained(server) { _ = BIO_write(into, datagram, Int32(datagram.count)) }
            SSL_do_handshake(ssl)
            for record in records() { record.withUnsafeBytes { server.receive($0) } }
        }
        #expect(server.state == .connected)
        #expect(SSL_is_init_finished(ssl) == 1)
    }
}
