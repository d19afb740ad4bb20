import RelayIO
import RelayProtocol
import TestSupport
import Testing

/// Each profile against libsrtp2, byte for byte, at every payload length from 0 to 1500.
@Suite struct SRTPOracleTests {
    /// Starts shortly before the first rollover, so that every run crosses it.
    private let firstIndex: UInt64 = 65_000

    private func packet(_ number: Int, random: inout SeededRandom) -> PlainPacket {
        PlainPacket(
            sequence: UInt16(truncatingIfNeeded: firstIndex + UInt64(number)), contributors: number % 5 == 0 ? 2 : 0,
            extensionWords: number % 3 == 0 ? nil : number % 7, payload: random.bytes(number))
    }

    @Test(arguments: CipherCase.all) func sealsExactlyAsLibsrtpDoes(cipher: CipherCase) throws {
        let profile = cipher.profile
        let sealer = try PacketSealer(testKeys(profile), profile: profile, backend: cipher.backend)
        let sender = try LibraryOracle(testKeys(profile), profile, .sends)
        let receiver = try LibraryOracle(testKeys(profile), profile, .receives)
        var random = SeededRandom(seed: 1)
        for length in 0...1500 {
            let plain = packet(length, random: &random)
            let cuts =
                length < 4 ? [] : (0..<length % 4).map { _ in Int.random(in: 0...length, using: &random) }.sorted()
            let sealed = sealer.sealed(plain, index: firstIndex + UInt64(length), cuts: cuts)
            try #require(sealed == sender.protect(plain.bytes), "payload of \(length) bytes")
            try #require(sealed.flatMap(receiver.unprotect) == plain.bytes, "payload of \(length) bytes")
        }
    }

    @Test(arguments: CipherCase.all) func opensWhatLibsrtpSealed(cipher: CipherCase) throws {
        let profile = cipher.profile
        let opener = try PacketOpener(testKeys(profile), profile: profile, backend: cipher.backend)
        let sender = try LibraryOracle(testKeys(profile), profile, .sends)
        var window = ReplayWindow()
        var random = SeededRandom(seed: 2)
        for length in 0...1500 {
            let plain = packet(length, random: &random)
            let protected = try #require(sender.protect(plain.bytes))
            try #require(opener.opened(protected, &window) == plain.bytes, "payload of \(length) bytes")
        }
        #expect(window.newest == firstIndex + 1500)
    }

    @Test(arguments: CipherCase.all) func sealsControlExactlyAsLibsrtpDoes(cipher: CipherCase) throws {
        let profile = cipher.profile
        let sealer = try PacketSealer(testKeys(profile), profile: profile, backend: cipher.backend)
        let sender = try LibraryOracle(testKeys(profile), profile, .sends)
        let receiver = try LibraryOracle(testKeys(profile), profile, .receives)
        var random = SeededRandom(seed: 3)
        for length in 8...1500 {
            let plain = plainControl(length: length, random: &random)
            let sealed = sealer.sealedControl(plain)
            try #require(sealed == sender.protectControl(plain), "\(length) bytes")
            try #require(sealed.flatMap(receiver.unprotectControl) == plain, "\(length) bytes")
        }
    }

    @Test(arguments: CipherCase.all) func opensControlThatLibsrtpSealed(cipher: CipherCase) throws {
        let profile = cipher.profile
        let opener = try PacketOpener(testKeys(profile), profile: profile, backend: cipher.backend)
        let sender = try LibraryOracle(testKeys(profile), profile, .sends)
        var random = SeededRandom(seed: 4)
        for length in 8...1500 {
            let plain = plainControl(length: length, random: &random)
            let protected = try #require(sender.protectControl(plain))
            try #require(opener.openedControl(protected) == plain, "\(length) bytes")
        }
    }

    @Test(arguments: CipherCase.all) func controlFromSeveralSourcesReachesLibsrtp(cipher: CipherCase) throws {
        let profile = cipher.profile
        let sealer = try PacketSealer(testKeys(profile), profile: profile, backend: cipher.backend)
        let receiver = try LibraryOracle(testKeys(profile), profile, .receives)
        var random = SeededRandom(seed: 5)
        for number in 0..<60 {
            let plain = plainControl(ssrc: UInt32(number % 3 + 1), length: 28, random: &random)
            #expect(sealer.sealedControl(plain).flatMap(receiver.unprotectControl) == plain)
        }
    }

    @Test func opensControlThatIsOnlyAuthenticated() throws {
        let profile = SRTPProfile.counterSHA1Tag80
        let opener = try PacketOpener(testKeys(profile), profile: profile)
        let sender = try LibraryOracle(testKeys(profile), profile, .sends, encryptsControl: false)
        var random = SeededRandom(seed: 6)
        let plain = plainControl(length: 64, random: &random)
        let protected = try #require(sender.protectControl(plain))
        #expect(Array(protected.prefix(64)) == plain)
        #expect(opener.openedControl(protected) == plain)
    }

    @Test(arguments: CipherCase.all) func keysOfTheWrongLengthAreRefused(cipher: CipherCase) {
        let profile = cipher.profile
        let keys = testKeys(profile)
        for (key, salt) in [(keys.key.dropLast(), keys.salt[...]), (keys.key[...], keys.salt.dropLast()), ([], [])] {
            let short = SRTPKeys(key: Array(key), salt: Array(salt))
            #expect(throws: CipherError.self) { try PacketSealer(short, profile: profile, backend: cipher.backend) }
            #expect(throws: CipherError.self) { try PacketOpener(short, profile: profile, backend: cipher.backend) }
        }
    }

    @Test(arguments: CipherCase.all) func otherKeysOpenNothing(cipher: CipherCase) throws {
        let profile = cipher.profile
        var other = testKeys(profile)
        other.key[0] ^= 1
        let sealer = try PacketSealer(testKeys(profile), profile: profile, backend: cipher.backend)
        let opener = try PacketOpener(other, profile: profile, backend: cipher.backend)
        var window = ReplayWindow()
        var random = SeededRandom(seed: 7)
        let sealed = try #require(sealer.sealed(PlainPacket(sequence: 1, payload: random.bytes(100)), index: 1))
        #expect(opener.opened(sealed, &window) == nil)
        let control = try #require(sealer.sealedControl(plainControl(length: 40, random: &random)))
        #expect(opener.openedControl(control) == nil)
        #expect(window.newest == nil)
    }
}
