import COpenSSL
import RelayIO
import RelayProtocol
import TestSupport

/// Master key and salt for a profile, the same in every run.
func testKeys(_ profile: SRTPProfile) -> SRTPKeys {
    var random = SeededRandom(seed: UInt64(profile.rawValue) &+ 77)
    return SRTPKeys(key: random.bytes(profile.keyLength), salt: random.bytes(profile.saltLength))
}

/// An RTP packet before protection.
struct PlainPacket {
    var bytes: [UInt8]
    var headerLength: Int

    init(
        sequence: UInt16, ssrc: UInt32 = 0xcafe_babe, contributors: Int = 0, extensionWords: Int? = nil,
        payload: [UInt8]
    ) {
        bytes = [0x80 | UInt8(contributors), 96, UInt8(sequence >> 8), UInt8(sequence & 0xff), 1, 2, 3, 4]
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: ssrc >> (24 - 8 * $0)) }
        bytes += [UInt8](repeating: 0x33, count: contributors * 4)
        if let extensionWords {
            bytes[0] |= 0x10
            bytes += [0xbe, 0xde, 0, UInt8(extensionWords)] + [UInt8](repeating: 0x10, count: extensionWords * 4)
        }
        headerLength = bytes.count
        bytes += payload
    }
}

/// An RTCP packet of `length` bytes before protection (at least 8).
func plainControl(ssrc: UInt32 = 0x0102_0304, length: Int, random: inout SeededRandom) -> [UInt8] {
    var packet: [UInt8] = [0x80, 200, 0, UInt8(truncatingIfNeeded: length / 4 - 1)]
    packet += (0..<4).map { UInt8(truncatingIfNeeded: ssrc >> (24 - 8 * $0)) }
    return packet + random.bytes(length - 8)
}

extension PacketSealer {
    /// Seals `packet`, its payload handed over in pieces that end at `cuts` (ascending, within the payload).
    func sealed(_ packet: PlainPacket, index: UInt64, cuts: [Int] = []) -> [UInt8]? {
        let payloadLength = packet.bytes.count - packet.headerLength
        let ends = cuts + [payloadLength]
        let canary = [UInt8](repeating: 0xa5, count: 8)
        var out = Array(packet.bytes.prefix(packet.headerLength))
        out += [UInt8](repeating: 0, count: payloadLength + profile.tagLength) + canary
        let ssrc = packet.bytes[8..<12].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let length: Int? = packet.bytes.withUnsafeBytes { source in
            var parts: [copenssl_part] = []
            var start = 0
            for end in ends {
                let piece = source.part(at: packet.headerLength + start, length: end - start)
                parts.append(copenssl_part(data: piece?.baseAddress, length: Int32(end - start)))
                start = end
            }
            return out.withUnsafeMutableBytes { memory in
                guard let base = memory.baseAddress else { return nil }
                return seal(
                    headerLength: packet.headerLength, parts: parts, partCount: parts.count, ssrc: ssrc, index: index,
                    out: base)
            }
        }
        guard let length, Array(out.suffix(8)) == canary else { return nil }
        return Array(out.prefix(length))
    }

    func sealedControl(_ packet: [UInt8]) -> [UInt8]? {
        var memory = packet + [UInt8](repeating: 0, count: profile.controlOverhead)
        let length = memory.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.flatMap { sealControl($0, length: packet.count) }
        }
        return length.map { Array(memory.prefix($0)) }
    }
}

extension PacketOpener {
    func opened(_ packet: [UInt8], _ window: inout ReplayWindow) -> [UInt8]? {
        var memory = packet
        let length: Int? = memory.withUnsafeMutableBytes { bytes in
            guard let header = PacketHeader(UnsafeRawBufferPointer(bytes)) else { return nil }
            return open(bytes, header: header, window: &window)
        }
        return length.map { Array(memory.prefix($0)) }
    }

    func openedControl(_ packet: [UInt8]) -> [UInt8]? {
        var memory = packet
        let length = memory.withUnsafeMutableBytes { openControl($0) }
        return length.map { Array(memory.prefix($0)) }
    }
}
