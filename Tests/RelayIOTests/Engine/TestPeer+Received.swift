import RelayProtocol

/// Headers of the media that `peer` got, in order.
func headers(_ peer: TestPeer) -> [PacketHeader] { peer.media.compactMap { $0.withUnsafeBytes { PacketHeader($0) } } }

/// What stands behind a packet's header; all of it where that is none.
func payload(_ packet: [UInt8]) -> [UInt8] {
    Array(packet[(packet.withUnsafeBytes { PacketHeader($0) }?.length ?? 0)...])
}

/// Calls `body` with everything in the RTCP that `peer` got.
func control(_ peer: TestPeer, _ body: (RTCPPacket) -> Void) {
    for packet in peer.control {
        packet.withUnsafeBytes { bytes in
            var reader = RTCPReader(bytes)
            while let item = reader.next() { body(item) }
        }
    }
}
