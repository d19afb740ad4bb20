import CNet
import Glibc
import Load
import RelayIO
import RelayProtocol

/// A subscriber that decrypts every packet and notes how long it was under way.
final class LatencyProbe {
    struct Sample {
        /// When it came, and how long it took, in microseconds.
        var at: Int64
        var latency: Int64
    }

    let connection: PeerConnection
    private(set) var samples: [Sample] = []
    /// Packets that did not decrypt or were not what the publisher sent.
    private(set) var spoilt = 0
    private var windows: [UInt32: ReplayWindow] = [:]
    private let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 2_048, alignment: 8)

    init(_ certificate: Certificate) throws { connection = try PeerConnection(certificate) }

    deinit { memory.deallocate() }

    /// Takes everything that waits on the socket.
    func receive() {
        while true {
            let count = recv(connection.fd, memory.baseAddress, memory.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return }
            take(UnsafeMutableRawBufferPointer(rebasing: memory[..<count]))
        }
    }

    private func take(_ datagram: UnsafeMutableRawBufferPointer) {
        guard let first = datagram.first else { return }
        guard (128...191).contains(first) else {
            connection.takeHandshake(UnsafeRawBufferPointer(datagram))
            return
        }
        guard !RTCPReader.isRTCP(UnsafeRawBufferPointer(datagram)) else { return }
        let time = now()
        guard let stamp = open(datagram) else {
            spoilt += 1
            return
        }
        samples.append(Sample(at: time, latency: time - stamp.sentAt))
    }

    private func open(_ packet: UnsafeMutableRawBufferPointer) -> PayloadStamp? {
        guard let opener = connection.opener, let header = PacketHeader(UnsafeRawBufferPointer(packet)) else {
            return nil
        }
        var window = windows[header.ssrc] ?? ReplayWindow()
        defer { windows[header.ssrc] = window }
        guard let length = opener.open(packet, header: header, window: &window) else { return nil }
        let bytes = UnsafeRawBufferPointer(rebasing: packet[..<length])
        let padding = header.hasPadding ? Int(bytes.last ?? 0) : 0
        guard let payload = bytes.part(at: header.length, length: length - header.length - padding) else { return nil }
        return PayloadStamp(payload: payload, head: PayloadStamp.headLength(ofVP8: payload))
    }
}
