import RelayProtocol

/// What `body` writes into `capacity` bytes.
func writtenRTCP(capacity: Int = 1500, _ body: (inout RTCPWriter) -> Void) -> [UInt8] {
    var memory = [UInt8](repeating: 0xee, count: capacity)
    return memory.withUnsafeMutableBytes { bytes in
        var writer = RTCPWriter(bytes)
        body(&writer)
        return Array(writer.written)
    }
}

/// Reads `bytes` to the end, and tells whether they were malformed.
@discardableResult
func readRTCP(_ bytes: [UInt8], _ body: (RTCPPacket) -> Void = { _ in }) -> Bool {
    bytes.withUnsafeBytes { raw in
        var reader = RTCPReader(raw)
        while let packet = reader.next() { body(packet) }
        return reader.malformed
    }
}
