import CCipher
import COpenSSL
@testable import RelayIO
import RelayProtocol
import TestSupport
import Testing

/// The worked examples of the RFCs.
@Suite struct SRTPVectorTests {
    /// RFC 3711, appendix B.3.
    @Test func derivesTheSessionKeysOfRFC3711() throws {
        let master = SRTPKeys(
            key: bytes(hex: "E1F97A0D3E018BE0D64FA32C06DE4139"), salt: bytes(hex: "0EC675AD498AFEEBB6960B3AABE6"))
        let keys = try SessionKeys(master, profile: .counterSHA1Tag80)
        #expect(keys.rtpKey == bytes(hex: "C61E7A93744F39EE10734AFE3FF7A087"))
        #expect(keys.rtpSalt == bytes(hex: "30CBBC08863D8C85D49DB34A9AE1"))
        #expect(keys.rtpAuthentication == bytes(hex: "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"))
    }

    /// A generator that fails must not leave keys of zeros in use.
    @Test(arguments: 0..<6, [-1, 0, 15] as [Int32]) func aFailedDerivationIsAnError(step: Int, written: Int32) {
        var steps = 0
        let error = #expect(throws: CipherError.self) {
            try SessionKeys.derived(by: [UInt8](repeating: 1, count: 12), .gcm128) { _, _, out in
                defer { steps += 1 }
                return steps == step ? written : Int32(out.count)
            }
        }
        #expect(error == .setUp("key derivation"))
        #expect(steps == step + 1)
    }

    @Test(arguments: SRTPProfile.allCases) func masterKeysAreErasedInPlace(profile: SRTPProfile) throws {
        func address(_ bytes: [UInt8]) -> UnsafeRawPointer? { bytes.withUnsafeBytes { $0.baseAddress } }
        var keys = testKeys(profile)
        let places = (address(keys.key), address(keys.salt))
        let sealer = try PacketSealer(keys, profile: profile)
        let opener = try PacketOpener(testKeys(profile), profile: profile)
        keys.erase()
        #expect(keys.key == [UInt8](repeating: 0, count: profile.keyLength))
        #expect(keys.salt == [UInt8](repeating: 0, count: profile.saltLength))
        // Nobody had kept them: otherwise others' bytes would have been left as they were.
        #expect((address(keys.key), address(keys.salt)) == places)
        let plain = PlainPacket(sequence: 9, payload: [1, 2, 3])
        let packet = try #require(sealer.sealed(plain, index: 9))
        var window = ReplayWindow()
        #expect(opener.opened(packet, &window) == plain.bytes)
    }

    /// RFC 3711, appendix B.2.
    @Test(arguments: [CipherLibrary.provider, .evp]) func makesTheKeystreamOfRFC3711(library: CipherLibrary) throws {
        let key = bytes(hex: "2B7E151628AED2A6ABF7158809CF4F3C")
        let context = try #require(ccipher_ctr_new(library.code, key, 16))
        defer { ccipher_ctr_free(context) }
        let salt = SaltedCounter(salt: bytes(hex: "F0F1F2F3F4F5F6F7F8F9FAFBFCFD"), isGCM: false)
        let zeros = [UInt8](repeating: 0, count: 48)
        var stream = zeros
        zeros.withUnsafeBytes { source in
            var part = copenssl_part(data: source.baseAddress, length: 48)
            let written = salt.withVector(ssrc: 0, index: 0) { ccipher_ctr_apply(context, $0, &part, 1, &stream) }
            #expect(written == 48)
        }
        #expect(
            stream
                == bytes(
                    hex:
                        "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0"
                ))
    }

    private let gcmSalt = SaltedCounter(salt: bytes(hex: "517569642070726f2071756f"), isGCM: true)
    private let key128 = bytes(hex: "000102030405060708090a0b0c0d0e0f")
    private let key256 = bytes(hex: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
    private let rtpHeader = bytes(hex: "8040f17b 8041f8d3 5501a0b2")
    private let rtpPayload = Array("Gallia est omnis divisa in partes tres".utf8)

    /// RFC 7714, section 16.1.1.
    @Test func formsTheVectorOfRFC7714() {
        let media = gcmSalt.withVector(ssrc: 0x5501_a0b2, index: 0xf17b) {
            Array(UnsafeBufferPointer(start: $0, count: 12))
        }
        #expect(media == bytes(hex: "51753c6580c2726f20718414"))
        let control = gcmSalt.withVector(ssrc: 0x4d61_7273, index: 0x5d4) {
            Array(UnsafeBufferPointer(start: $0, count: 12))
        }
        #expect(control == bytes(hex: "517524055203726f207170bb"))
    }

    /// What every library makes of it.
    private func sealed(_ key: [UInt8], _ plain: [UInt8], ssrc: UInt32, index: UInt64, associated: [UInt8]) throws
        -> [UInt8]
    {
        let results = try CipherLibrary.usable.map { library in
            let context = try #require(ccipher_gcm_new(library.code, key, Int32(key.count), 1))
            defer { ccipher_gcm_free(context) }
            var out = [UInt8](repeating: 0, count: plain.count + 16)
            let written = plain.withUnsafeBytes { source in
                var part = copenssl_part(data: source.baseAddress, length: Int32(source.count))
                return gcmSalt.withVector(ssrc: ssrc, index: index) {
                    ccipher_gcm_seal(context, $0, associated, Int32(associated.count), &part, 1, &out)
                }
            }
            #expect(Int(written) == out.count)
            return out
        }
        let first = try #require(results.first)
        #expect(results.allSatisfy { $0 == first })
        return first
    }

    /// RFC 7714, section 16.1.1: AEAD_AES_128_GCM.
    @Test func sealsThePacketOfRFC7714() throws {
        let cipher = try sealed(key128, rtpPayload, ssrc: 0x5501_a0b2, index: 0xf17b, associated: rtpHeader)
        #expect(
            cipher
                == bytes(
                    hex: """
                        f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a 51c7d19b 36de3adf 8833
                        899d7f27 beb16a91 52cf765e e4390cce
                        """))
    }

    /// RFC 7714, section 16.2.1: AEAD_AES_256_GCM.
    @Test func sealsThePacketOfRFC7714WithTheLongKey() throws {
        let cipher = try sealed(key256, rtpPayload, ssrc: 0x5501_a0b2, index: 0xf17b, associated: rtpHeader)
        #expect(
            cipher
                == bytes(
                    hex: """
                        32b1de78 a822fe12 ef9f78fa 332e33aa b1801238 9a58e2f3 b50b2a02 76ffae0f 1ba63799 b87b
                        7aa3db36 dfffd6b0 f9bb7878 d7a76c13
                        """))
    }

    /// RFC 7714, section 17.1: SRTCP, AEAD_AES_128_GCM.
    @Test func sealsTheControlPacketOfRFC7714() throws {
        let packet = bytes(
            hex: """
                81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef
                """)
        let cipher = try sealed(
            key128, Array(packet.dropFirst(8)), ssrc: 0x4d61_7273, index: 0x5d4,
            associated: Array(packet.prefix(8)) + bytes(hex: "800005d4"))
        #expect(
            cipher
                == bytes(
                    hex: """
                        63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b
                        c84aa458 96cf4d2f c5abf872 45d9eade
                        """))
    }
}
