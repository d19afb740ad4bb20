import CBench
import CNet
import Foundation
import RelayIO

/// A socket that the bound sends to: it counts and samples as the peers do.
final class PlainReceiver {
    let fd: Int32
    let port: UInt16
    let checker: SampleChecker
    private var counts = cbench_counts()

    init(_ keys: SRTPKeys) throws {
        checker = SampleChecker(try PacketOpener(keys, profile: .gcm128))
        var address = cnet_endpoint(high: 0, low: 0x7f00_0001, port: 0, is_ipv6: 0)
        fd = cnet_udp_open(&address)
        guard fd >= 0 else { throw BenchmarkError("no UDP socket: \(String(cString: strerror(errno)))") }
        port = address.port
        cbench_prepare(fd)
    }

    deinit { close(fd) }

    func receive() {
        cbench_drain(
            fd, &counts, SampleChecker.every,
            { context, data, length in
                guard let context, let data else { return }
                let checker = Unmanaged<SampleChecker>.fromOpaque(context).takeUnretainedValue()
                checker.check(UnsafeMutableRawBufferPointer(start: data, count: length))
            }, Unmanaged.passUnretained(checker).toOpaque())
    }

    var received: Received { Received(counts) }
}
