internal import CNet
internal import Glibc
internal import RelayControl
internal import RelayIO
internal import RelayProtocol

/// One connection of a simulated participant: publishing, or subscribed to one publisher.
protocol MediaClient: AnyObject {
    var connection: PeerConnection { get }
    /// What its media has to pass; nil where it comes as the network brings it.
    var path: SimulatedPath? { get }
    /// A decrypted RTCP datagram.
    func takeControl(_ packet: UnsafeRawBufferPointer, at time: Int64)
    /// An RTP packet, still encrypted.
    func takeMedia(_ packet: UnsafeMutableRawBufferPointer, at time: Int64)
    /// Does what is due; called every 10 ms.
    func tick(_ time: Int64)
}

extension MediaClient {
    var path: SimulatedPath? { nil }

    func take(_ datagram: UnsafeMutableRawBufferPointer, at time: Int64) {
        let bytes = UnsafeRawBufferPointer(datagram)
        guard let first = datagram.first else { return }
        guard 128...191 ~= first else { return connection.takeHandshake(bytes) }
        if let path { path.enter(datagram, for: self, at: time) } else { takeOpenable(datagram, at: time) }
    }

    /// Takes RTP or RTCP that has come all the way.
    func takeOpenable(_ datagram: UnsafeMutableRawBufferPointer, at time: Int64) {
        let bytes = UnsafeRawBufferPointer(datagram)
        guard RTCPReader.isRTCP(bytes) else { return takeMedia(datagram, at: time) }
        guard let length = connection.opener?.openControl(datagram) else { return }
        takeControl(UnsafeRawBufferPointer(rebasing: bytes[..<length]), at: time)
    }
}

/// Memory into which all sockets receive, a batch at a time.
final class ReceiveMemory {
    private static let slot: UInt32 = 2_048
    private let receiver: OpaquePointer
    /// From the kernel's clock of arrivals to ours, in microseconds, and when it was last looked at.
    private var offset: Int64 = 0
    private var measuredAt: Int64?

    init() throws(LoadError) {
        guard let receiver = cnet_receiver_new(Self.slot) else { throw .machine("no memory to receive into") }
        self.receiver = receiver
    }

    deinit { cnet_receiver_free(receiver) }

    /// Hands everything that waits on a client's socket to it, at most four batches.
    func drain(_ client: any MediaClient) {
        for _ in 0..<4 {
            let count = Int(cnet_receiver_take(receiver, client.connection.fd))
            guard count > 0, let arrivals = cnet_receiver_arrivals(receiver) else { return }
            let time = now()
            if measuredAt.map({ time - $0 > 100_000 }) ?? true { measure(time) }
            for arrival in UnsafeBufferPointer(start: arrivals, count: count) where arrival.length > 0 {
                client.take(
                    UnsafeMutableRawBufferPointer(start: arrival.data, count: Int(arrival.length)),
                    at: arrivalTime(arrival, now: time))
            }
            if count < Int(CNET_RECEIVER_SLOTS) { return }
        }
    }

    /// When the kernel had the datagram, which does not depend on how long it then waited for us.
    private func arrivalTime(_ arrival: cnet_arrival, now time: Int64) -> Int64 {
        let noted = arrival.at / 1_000 &- offset
        // Without a note, or where the real-time clock was set meanwhile: now.
        return arrival.at > 0 && noted <= time && time - noted < 1_000_000 ? noted : time
    }

    private func measure(_ time: Int64) {
        var real = timespec()
        clock_gettime(CLOCK_REALTIME, &real)
        offset = Int64(real.tv_sec) * 1_000_000 + Int64(real.tv_nsec) / 1_000 - now()
        measuredAt = time
    }
}
