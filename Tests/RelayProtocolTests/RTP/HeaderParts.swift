import RelayControl
import RelayProtocol

/// An RTP header with an extension block of the given profile, padded to whole words, and a payload.
func rtpPacket(
    flags: UInt8 = 0, second: UInt8 = 96, sequence: UInt16 = 1, timestamp: UInt32 = 2, ssrc: UInt32 = 3,
    contributors: Int = 0,
    block: (profile: UInt16, elements: [UInt8])? = nil, payload: [UInt8] = []
) -> [UInt8] {
    var packet: [UInt8] = [0x80 | flags | UInt8(contributors) | (block == nil ? 0 : 0x10), second]
    packet += [UInt8(sequence >> 8), UInt8(sequence & 0xff)]
    for word in [timestamp, ssrc] + [UInt32](repeating: 0x0c0c_0c0c, count: contributors) {
        packet += (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) }
    }
    if let block {
        let padded = block.elements + [UInt8](repeating: 0, count: (4 - block.elements.count % 4) % 4)
        packet += [UInt8(block.profile >> 8), UInt8(block.profile & 0xff)]
        packet +=
            [UInt8(truncatingIfNeeded: (padded.count / 4) >> 8), UInt8(truncatingIfNeeded: padded.count / 4)] + padded
    }
    return packet + payload
}

func parsedHeader(_ packet: [UInt8]) -> PacketHeader? { packet.withUnsafeBytes { PacketHeader($0) } }

/// Every extension that `table` finds in `packet`; nil where the header does not parse.
func parsedExtensions(_ packet: [UInt8], _ map: ExtensionMap) -> [HeaderExtension: [UInt8]]? {
    packet.withUnsafeBytes { bytes in
        guard let header = PacketHeader(bytes) else { return nil }
        let fields = ExtensionFields(bytes, header: header, table: ExtensionTable(map))
        var found: [HeaderExtension: [UInt8]] = [:]
        for kind in HeaderExtension.allCases { found[kind] = fields.bytes(kind, in: bytes).map(Array.init) }
        return found
    }
}

func extensionMap(_ identifiers: [HeaderExtension: UInt8]) -> ExtensionMap {
    var map = ExtensionMap()
    for (kind, identifier) in identifiers { map[kind] = identifier }
    return map
}
