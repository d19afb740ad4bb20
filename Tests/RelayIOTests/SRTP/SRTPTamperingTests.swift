import RelayIO
import RelayProtocol
import TestSupport
import Testing

/// Nothing that was changed on the way is opened, and nothing traps.
@Suite struct SRTPTamperingTests {
    @Test(arguments: CipherCase.all) func refusesAChangeOfAnyByte(cipher: CipherCase) throws {
        let profile = cipher.profile
        let sealer = try PacketSealer(testKeys(profile), profile: profile, backend: cipher.backend)
        let opener = try PacketOpener(testKeys(profile), profile: profile, backend: cipher.backend)
        var random = SeededRandom(seed: 30)
        for length in [0, 1, 15, 16, 17, 100, 1200] {
            let plain = PlainPacket(
                sequence: UInt16(length), contributors: 1, extensionWords: 2, payload: random.bytes(length))
            let sealed = try #require(sealer.sealed(plain, index: UInt64(length)))
            // Every byte of the header, the tag and a short payload; a sample of a long one.
            let step = length > 200 ? 13 : 1
            for at in Array(stride(from: 0, to: sealed.count, by: step)) + Array(sealed.count - 16..<sealed.count) {
                var changed = sealed
                changed[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                var window = ReplayWindow()
                #expect(opener.opened(changed, &window) == nil, "\(length) bytes of payload, byte \(at)")
                #expect(window.newest == nil)
            }
            var window = ReplayWindow()
            #expect(opener.opened(sealed, &window) == plain.bytes, "untouched")
        }
    }

    @Test(arguments: CipherCase.all) func refusesAChangeOfAnyControlByte(cipher: CipherCase) throws {
        let profile = cipher.profile
        let sealer = try PacketSealer(testKeys(profile), profile: profile, backend: cipher.backend)
        let opener = try PacketOpener(testKeys(profile), profile: profile, backend: cipher.backend)
        var random = SeededRandom(seed: 31)
        for length in [8, 12, 28, 120] {
            let plain = plainControl(length: length, random: &random)
            let sealed = try #require(sealer.sealedControl(plain))
            for at in sealed.indices {
                var changed = sealed
                changed[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                #expect(opener.openedControl(changed) == nil, "\(length) bytes, byte \(at)")
            }
            #expect(opener.openedControl(sealed) == plain, "untouched")
        }
    }

    @Test(arguments: CipherCase.all) func refusesEveryTruncation(cipher: CipherCase) throws {
        let profile = cipher.profile
        let sealer = try PacketSealer(testKeys(profile), profile: profile, backend: cipher.backend)
        let opener = try PacketOpener(testKeys(profile), profile: profile, backend: cipher.backend)
        var random = SeededRandom(seed: 32)
        let sealed = try #require(
            sealer.sealed(PlainPacket(sequence: 5, extensionWords: 1, payload: random.bytes(60)), index: 5))
        let control = try #require(sealer.sealedControl(plainControl(length: 48, random: &random)))
        var window = ReplayWindow()
        for length in 0..<sealed.count { #expect(opener.opened(Array(sealed.prefix(length)), &window) == nil) }
        for length in 0..<control.count { #expect(opener.openedControl(Array(control.prefix(length))) == nil) }
    }

    @Test(arguments: CipherCase.all) func survivesSeededNoise(cipher: CipherCase) throws {
        let profile = cipher.profile
        let sealer = try PacketSealer(testKeys(profile), profile: profile, backend: cipher.backend)
        let opener = try PacketOpener(testKeys(profile), profile: profile, backend: cipher.backend)
        var random = SeededRandom(seed: 33)
        var window = ReplayWindow()
        for number in 0..<2_500 {
            let isControl = number % 2 == 1
            let plain = PlainPacket(sequence: UInt16(number), extensionWords: 1, payload: random.bytes(number % 300))
            var wire = try #require(
                isControl
                    ? sealer.sealedControl(plainControl(length: 8 + number % 200, random: &random))
                    : sealer.sealed(plain, index: UInt64(number)))
            let original = wire
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                switch Int.random(in: 0..<4, using: &random) {
                case 0: wire = Array(wire.prefix(Int.random(in: 0...wire.count, using: &random)))
                case 1: wire += random.bytes(Int.random(in: 1...40, using: &random))
                case 2 where !wire.isEmpty: wire[0] = UInt8.random(in: 128...191, using: &random)
                default:
                    if let at = wire.indices.randomElement(using: &random) {
                        wire[at] = UInt8.random(in: 0...255, using: &random)
                    }
                }
            }
            let opened = isControl ? opener.openedControl(wire) : opener.opened(wire, &window)
            #expect(opened == nil || wire == original, "packet \(number)")
        }
    }

    @Test(arguments: CipherCase.all) func controlShorterThanItsHeaderIsNotSealed(cipher: CipherCase) throws {
        let profile = cipher.profile
        let sealer = try PacketSealer(testKeys(profile), profile: profile, backend: cipher.backend)
        for length in 0..<8 { #expect(sealer.sealedControl([UInt8](repeating: 0x80, count: length)) == nil) }
    }

    @Test(arguments: [SRTPProfile.gcm128, .gcm256]) func gcmControlWithoutEncryptionIsRefused(profile: SRTPProfile)
        throws
    {
        let sender = try LibraryOracle(testKeys(profile), profile, .sends, encryptsControl: false)
        let opener = try PacketOpener(testKeys(profile), profile: profile)
        var random = SeededRandom(seed: 34)
        let wire = try #require(sender.protectControl(plainControl(length: 64, random: &random)))
        #expect(opener.openedControl(wire) == nil)
    }
}
