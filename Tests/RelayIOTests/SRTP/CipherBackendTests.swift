import CCipher
import COpenSSL
import Dispatch
import RelayControl
import Synchronization
import TestSupport
import Testing

@testable import RelayIO

/// How the libraries are chosen, and what their contexts make of calls that no packet leads to.
@Suite struct CipherBackendTests {
    private static let hasMultiBuffer = CipherLibrary.ipsecMB.state.isUsable

    @Test func openSSLIsAlwaysThere() {
        #expect(CipherLibrary.evp.state.isUsable)
        #expect(CipherLibrary.provider.state.isUsable)
    }

    @Test func choosesTheFastestThatIsThere() throws {
        let chosen = try CipherBackend.select(.automatic)
        #expect(chosen == CipherBackend(gcm: Self.hasMultiBuffer ? .ipsecMB : .provider, counter: .provider))
        #expect(try CipherBackend.select(.openSSL) == CipherBackend(gcm: .provider, counter: .provider))
    }

    @Test(.enabled(if: hasMultiBuffer)) func takesTheMultiBufferLibraryWhereItIsNamed() throws {
        #expect(try CipherBackend.select(.ipsecMB) == CipherBackend(gcm: .ipsecMB, counter: .provider))
    }

    @Test(.enabled(if: !hasMultiBuffer)) func saysWhyTheNamedLibraryCannotBeUsed() {
        let error = #expect(throws: CipherError.self) { try CipherBackend.select(.ipsecMB) }
        #expect(error?.description.contains("libipsec-mb") == true)
    }

    @Test(arguments: CipherCase.all) func everyBackendPassesTheSelfTest(cipher: CipherCase) {
        #expect(CipherSelfTest.failure(of: cipher.backend, cipher.profile) == nil)
    }

    @Test func theSelfTestTellsWhatCannotBeMade() {
        let backend = CipherBackend(gcm: .evp, counter: .ipsecMB)
        let failure = CipherSelfTest.failure(of: backend, .counterSHA1Tag80)
        #expect(failure?.contains("AES-CTR") == true)
    }

    /// A library that encrypts, only not quite as it should: the self-test is what keeps such a one from the packets.
    @Test(arguments: CipherCase.all, Fault.allCases) func theSelfTestFindsWrongBytes(cipher: CipherCase, fault: Fault) {
        let failure = CipherSelfTest.failure(of: cipher.backend, cipher.profile, adjust: fault.spoil)
        #expect(failure?.contains(fault.finding) == true, "\(failure ?? "passed")")
    }

    @Test func aLibraryThatFailsItsTestIsPassedOver() throws {
        func select(_ choice: RelaySettings.SRTPBackend, spoilt: Set<CipherLibrary>) throws(CipherError)
            -> CipherBackend
        {
            try CipherBackend.select(choice, state: { _ in (true, "1.0") }) { backend, profile in
                let library = profile.isGCM ? backend.gcm : backend.counter
                return spoilt.contains(library) ? "\(profile.name), 17 bytes: sealed" : nil
            }
        }
        #expect(try select(.automatic, spoilt: []) == CipherBackend(gcm: .ipsecMB, counter: .provider))
        #expect(try select(.automatic, spoilt: [.ipsecMB]) == CipherBackend(gcm: .provider, counter: .provider))
        #expect(try select(.automatic, spoilt: [.ipsecMB, .provider]) == CipherBackend(gcm: .evp, counter: .evp))
        // What was named is used or nothing.
        #expect(throws: CipherError.unusable("ipsec-mb: SRTP_AEAD_AES_128_GCM, 17 bytes: sealed")) {
            try select(.ipsecMB, spoilt: [.ipsecMB])
        }
        let error = #expect(throws: CipherError.self) {
            try select(.automatic, spoilt: [.ipsecMB, .provider, .evp])
        }
        for library in CipherLibrary.allCases { #expect(error?.description.contains("\(library.name): ") == true) }
    }

    @Test func aLibraryThatIsMissingIsPassedOver() throws {
        func select(_ choice: RelaySettings.SRTPBackend) throws(CipherError) -> CipherBackend {
            try CipherBackend.select(choice) {
                $0 == .ipsecMB ? (false, "cannot be loaded") : $0.state
            } failure: {
                CipherSelfTest.failure(of: $0, $1)
            }
        }
        #expect(try select(.automatic) == CipherBackend(gcm: .provider, counter: .provider))
        #expect(throws: CipherError.unusable("ipsec-mb: cannot be loaded")) { try select(.ipsecMB) }
    }

    @Test(arguments: CipherLibrary.usable) func nonsenseLengthsAreRefused(library: CipherLibrary) throws {
        let key = [UInt8](repeating: 7, count: 16)
        for length: Int32 in [-1, 0, 15, 17, 24, 33] {
            #expect(ccipher_gcm_new(library.code, key, length, 1) == nil, "key of \(length) bytes")
            #expect(ccipher_ctr_new(library.code, key, length) == nil, "key of \(length) bytes")
        }
        let sealing = try #require(ccipher_gcm_new(library.code, key, 16, 1))
        let opening = try #require(ccipher_gcm_new(library.code, key, 16, 0))
        defer {
            ccipher_gcm_free(sealing)
            ccipher_gcm_free(opening)
        }
        var memory = [UInt8](repeating: 0, count: 64)
        let iv = [UInt8](repeating: 1, count: 12)
        let long = [UInt8](repeating: 2, count: 17)
        memory.withUnsafeMutableBufferPointer { bytes in
            for length: Int32 in [-1, .min, .max, 1 << 17 + 1] {
                var part = copenssl_part(data: bytes.baseAddress, length: length)
                #expect(ccipher_gcm_seal(sealing, iv, iv, 12, &part, 1, bytes.baseAddress) == -1)
                part.length = 8
                #expect(ccipher_gcm_seal(sealing, iv, iv, length, &part, 1, bytes.baseAddress) == -1)
                #expect(ccipher_gcm_seal(sealing, iv, iv, 12, &part, length, bytes.baseAddress) == -1)
                #expect(ccipher_gcm_open(opening, iv, iv, 12, nil, 0, bytes.baseAddress, length) == -1)
            }
            var missing = copenssl_part(data: nil, length: 8)
            #expect(ccipher_gcm_seal(sealing, iv, iv, 12, &missing, 1, bytes.baseAddress) == -1)
            #expect(ccipher_gcm_seal(sealing, iv, nil, 12, nil, 0, bytes.baseAddress) == -1)
            for length in Int32(0)..<16 {
                #expect(ccipher_gcm_open(opening, iv, iv, 12, nil, 0, bytes.baseAddress, length) == -1)
            }
            // Associated data in two parts is a control packet's: both short.
            #expect(ccipher_gcm_open(opening, iv, long, 17, iv, 4, bytes.baseAddress, 32) == -1)
            #expect(ccipher_gcm_open(opening, iv, iv, 8, long, 17, bytes.baseAddress, 32) == -1)
        }
        #expect(memory == [UInt8](repeating: 0, count: 64))
    }

    /// Contexts share nothing: the same packets, sealed on several threads at once, are the same packets.
    @Test(arguments: CipherCase.all) func threadsDoNotDisturbEachOther(cipher: CipherCase) throws {
        let profile = cipher.profile
        var random = SeededRandom(seed: 40)
        let payloads = (0..<400).map { _ in random.bytes(Int.random(in: 0...1300, using: &random)) }
        @Sendable func sealAll() -> [[UInt8]?] {
            guard let sealer = try? PacketSealer(testKeys(profile), profile: profile, backend: cipher.backend) else {
                return []
            }
            return payloads.enumerated().map { number, payload in
                let plain = PlainPacket(sequence: UInt16(number), payload: payload)
                return sealer.sealed(plain, index: UInt64(number), cuts: number % 2 == 0 ? [] : [payload.count / 2])
            }
        }
        let alone = sealAll()
        #expect(alone.count == 400 && alone.allSatisfy { $0 != nil })
        let differing = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            if sealAll() != alone { differing.add(1, ordering: .relaxed) }
        }
        #expect(differing.load(ordering: .relaxed) == 0)
    }
}
