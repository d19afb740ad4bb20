import CNet
import Foundation
import Load
import RelayIO

/// The `forwarding-bound` process with a socket to feed it and as many receivers as the server has subscribers.
final class Bound {
    let process: ChildProcess
    let receivers: [PlainReceiver]
    let sender: VideoSender
    /// What it is sent from.
    private let feed: PlainReceiver

    init(_ options: Options, trace: VideoTrace, loop: ClientLoop) throws {
        process = try ChildProcess(options.bound, [])
        let keys = Self.randomKeys()
        feed = try PlainReceiver(keys)
        var configuration = "in \(Self.hex(keys))\n"
        receivers = try (0..<options.consumers).map { _ in
            let keys = Self.randomKeys()
            let receiver = try PlainReceiver(keys)
            configuration += "out \(receiver.port) \(Self.hex(keys))\n"
            return receiver
        }
        process.write(configuration + "go\n")
        let line = try process.readLine()
        guard let port = line.split(separator: " ").last.flatMap({ UInt16($0) }) else {
            throw BenchmarkError("forwarding-bound said: \(line)")
        }
        sender = VideoSender(
            trace, sealer: try PacketSealer(keys, profile: .gcm128), ssrc: 0x4321, fd: feed.fd,
            to: cnet_endpoint(high: 0, low: 0x7f00_0001, port: port, is_ipv6: 0))
        for receiver in receivers { loop.add(receiver) }
    }

    private static func randomKeys() -> SRTPKeys {
        func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255) } }
        return SRTPKeys(key: bytes(16), salt: bytes(12))
    }

    private static func hex(_ keys: SRTPKeys) -> String {
        (keys.key + keys.salt).map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }.joined()
    }

    var received: Received { receivers.reduce(Received()) { $0 + $1.received } }
}
