import RelayIO
import RelayProtocol
import TestSupport
import Testing

/// Rollover, reordering, replay and the window's edges, with libsrtp2 on the other side.
@Suite struct SRTPReplayTests {
    private func packet(_ index: UInt64) -> PlainPacket {
        PlainPacket(
            sequence: UInt16(truncatingIfNeeded: index), extensionWords: 1,
            payload: (0..<40).map { UInt8(truncatingIfNeeded: index >> 3 &+ UInt64($0)) })
    }

    /// Protected by libsrtp2 in order, so that its rollover count is right.
    private func protected(_ indices: [UInt64], _ profile: SRTPProfile) throws -> [UInt64: [UInt8]] {
        let sender = try LibraryOracle(testKeys(profile), profile, .sends)
        var packets: [UInt64: [UInt8]] = [:]
        for index in indices { packets[index] = sender.protect(packet(index).bytes) }
        try #require(packets.count == indices.count)
        return packets
    }

    @Test(arguments: SRTPProfile.allCases) func followsManyRollovers(profile: SRTPProfile) throws {
        // Nine packets in three rollovers each, as after bursts of loss.
        let indices = (0..<200).map { UInt64(60_000 + $0 * 21_845) }
        let packets = try protected(indices, profile)
        let sealer = try PacketSealer(testKeys(profile), profile: profile)
        let opener = try PacketOpener(testKeys(profile), profile: profile)
        var window = ReplayWindow()
        for index in indices {
            let bytes = try #require(packets[index])
            #expect(sealer.sealed(packet(index), index: index) == bytes, "index \(index)")
            #expect(opener.opened(bytes, &window) == packet(index).bytes, "index \(index)")
        }
        #expect((window.newest ?? 0) >> 16 == 67)
    }

    @Test(arguments: SRTPProfile.allCases) func opensOnceEachInAnyOrderAroundARollover(profile: SRTPProfile) throws {
        let indices = Array(UInt64(65_236)..<66_036)
        let packets = try protected(indices, profile)
        let opener = try PacketOpener(testKeys(profile), profile: profile)
        var window = ReplayWindow()
        var random = SeededRandom(seed: 20)
        // The first stands before the rollover: a receiver has to have seen the old count.
        #expect(opener.opened(packets[65_236] ?? [], &window) != nil)
        let shuffled = indices.dropFirst().shuffled(using: &random)
        for index in shuffled {
            #expect(opener.opened(packets[index] ?? [], &window) == packet(index).bytes, "index \(index)")
        }
        for index in indices { #expect(opener.opened(packets[index] ?? [], &window) == nil, "replay of \(index)") }
    }

    @Test(arguments: SRTPProfile.allCases) func acceptsExactlyItsWindow(profile: SRTPProfile) throws {
        // The window lies across the first rollover.
        let newest: UInt64 = 66_000
        let width = UInt64(ReplayWindow.width)
        let indices = [newest - width, newest - width + 1, 65_300, newest - 1, newest]
        let packets = try protected(indices, profile)
        let opener = try PacketOpener(testKeys(profile), profile: profile)
        var window = ReplayWindow()
        #expect(opener.opened(packets[65_300] ?? [], &window) != nil)
        #expect(opener.opened(packets[newest] ?? [], &window) != nil)
        #expect(opener.opened(packets[newest - width] ?? [], &window) == nil, "one too old")
        #expect(opener.opened(packets[newest - width + 1] ?? [], &window) != nil, "the oldest that counts")
        #expect(opener.opened(packets[newest - width + 1] ?? [], &window) == nil, "a replay")
        #expect(opener.opened(packets[newest - 1] ?? [], &window) != nil)
    }

    @Test(arguments: SRTPProfile.allCases) func forgeriesDoNotMoveTheWindow(profile: SRTPProfile) throws {
        let packets = try protected([100, 101, 20_000], profile)
        let opener = try PacketOpener(testKeys(profile), profile: profile)
        var window = ReplayWindow()
        #expect(opener.opened(packets[100] ?? [], &window) != nil)
        var forged = try #require(packets[20_000])
        forged[forged.count - 1] ^= 1
        #expect(opener.opened(forged, &window) == nil)
        #expect(window.newest == 100)
        #expect(opener.opened(packets[101] ?? [], &window) == packet(101).bytes)
    }

    @Test(arguments: SRTPProfile.allCases) func streamsHaveWindowsOfTheirOwn(profile: SRTPProfile) throws {
        let sender = try LibraryOracle(testKeys(profile), profile, .sends)
        let opener = try PacketOpener(testKeys(profile), profile: profile)
        for ssrc in UInt32(1)...3 {
            var window = ReplayWindow()
            let plain = PlainPacket(sequence: 9, ssrc: ssrc, payload: [1, 2, 3])
            #expect(opener.opened(sender.protect(plain.bytes) ?? [], &window) == plain.bytes)
        }
    }

    @Test(arguments: SRTPProfile.allCases) func refusesReplayedControlButTakesItReordered(profile: SRTPProfile) throws {
        let sender = try LibraryOracle(testKeys(profile), profile, .sends)
        let opener = try PacketOpener(testKeys(profile), profile: profile)
        var random = SeededRandom(seed: 21)
        var packets: [(plain: [UInt8], wire: [UInt8])] = []
        for _ in 0..<100 {
            let plain = plainControl(length: 32, random: &random)
            packets.append((plain, try #require(sender.protectControl(plain))))
        }
        for packet in packets.shuffled(using: &random) { #expect(opener.openedControl(packet.wire) == packet.plain) }
        for packet in packets { #expect(opener.openedControl(packet.wire) == nil) }
    }

    @Test(arguments: SRTPProfile.allCases) func controlOfEachSenderCountsForItself(profile: SRTPProfile) throws {
        // libsrtp2, and so every browser, starts each SSRC's SRTCP index at 1.
        let sender = try LibraryOracle(testKeys(profile), profile, .sends)
        let opener = try PacketOpener(testKeys(profile), profile: profile)
        var random = SeededRandom(seed: 22)
        for number in 0..<30 {
            let plain = plainControl(ssrc: UInt32(number % 3), length: 32, random: &random)
            let wire = try #require(sender.protectControl(plain))
            #expect(opener.openedControl(wire) == plain, "packet \(number)")
            #expect(opener.openedControl(wire) == nil, "replay of packet \(number)")
        }
    }

    @Test(arguments: [SRTPProfile.gcm128, .gcm256, .counterSHA1Tag80])
    func remembersOnlySoManySendersOfControl(profile: SRTPProfile) throws {
        let sender = try LibraryOracle(testKeys(profile), profile, .sends)
        let opener = try PacketOpener(testKeys(profile), profile: profile)
        var random = SeededRandom(seed: 23)
        let busy = plainControl(ssrc: 7, length: 32, random: &random)
        var busyWire: [[UInt8]] = []
        for _ in 0..<5 { busyWire.append(try #require(sender.protectControl(busy))) }
        for wire in busyWire { #expect(opener.openedControl(wire) == busy) }
        for ssrc in 0..<UInt32(PacketOpener.maximumControlSenders * 2) {
            let plain = plainControl(ssrc: 1000 + ssrc, length: 32, random: &random)
            #expect(opener.openedControl(sender.protectControl(plain) ?? []) == plain)
        }
        for wire in busyWire { #expect(opener.openedControl(wire) == nil, "the one that sent more is still known") }
    }
}
