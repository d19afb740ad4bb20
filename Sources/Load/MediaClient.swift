internal import CNet
internal import RelayControl
internal import RelayIO
internal import RelayProtocol

/// One connection of a simulated participant: publishing, or subscribed to one publisher.
protocol MediaClient: AnyObject {
    var connection: PeerConnection { get }
    /// A decrypted RTCP datagram.
    func takeControl(_ packet: UnsafeRawBufferPointer, at time: Int64)
    /// An RTP packet, still encrypted.
    func takeMedia(_ packet: UnsafeMutableRawBufferPointer, at time: Int64)
    /// Does what is due; called every 10 ms.
    func tick(_ time: Int64)
}

extension MediaClient {
    func take(_ datagram: UnsafeMutableRawBufferPointer, at time: Int64) {
        let bytes = UnsafeRawBufferPointer(datagram)
        guard let first = datagram.first else { return }
        guard 128...191 ~= first else { return connection.takeHandshake(bytes) }
        guard RTCPReader.isRTCP(bytes) else { return takeMedia(datagram, at: time) }
        guard let length = connection.opener?.openControl(datagram) else { return }
        takeControl(UnsafeRawBufferPointer(rebasing: bytes[..<length]), at: time)
    }
}

/// Memory into which all sockets receive, a batch at a time.
final class ReceiveMemory {
    private static let slot = 2_048
    private let memory = UnsafeMutableRawPointer.allocate(
        byteCount: Int(CNET_RECEIVE_BATCH) * ReceiveMemory.slot, alignment: 64)
    private var batch: [cnet_inbound]

    init() {
        batch = (0..<Int(CNET_RECEIVE_BATCH)).map { [memory] index in
            cnet_inbound(
                data: memory + index * Self.slot, capacity: UInt32(Self.slot), length: 0, from: cnet_endpoint())
        }
    }

    deinit { memory.deallocate() }

    /// Hands everything that waits on a client's socket to it, at most eight batches.
    func drain(_ client: any MediaClient) {
        for _ in 0..<8 {
            let count = Int(cnet_receive(client.connection.fd, &batch, Int32(batch.count)))
            let time = now()
            for datagram in batch.prefix(count) where datagram.length > 0 {
                client.take(UnsafeMutableRawBufferPointer(start: datagram.data, count: Int(datagram.length)), at: time)
            }
            if count < batch.count { return }
        }
    }
}
