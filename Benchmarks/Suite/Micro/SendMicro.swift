import CBench
import RelayIO

/// The send queue by the length of its runs and by how many leave at once.
struct SendMicro {
    private let datagrams = 8_192
    private let length = 1_200

    func run() throws -> [MicroRow] {
        var rows: [MicroRow] = []
        let sink = try Sink()
        let rig = try SendRig(port: sink.port)
        for runs in [1, 8] { rows.append(try row(rig, sink, runs: runs, segments: 1)) }
        for segments in [1, 2, 4, 8, 16] { rows.append(try row(rig, sink, runs: 32, segments: segments)) }
        guard rig.sent.dropped == 0 else { throw BenchmarkError("\(rig.sent.dropped) datagrams were not sent") }
        return rows
    }

    private func row(_ rig: SendRig, _ sink: Sink, runs: Int, segments: Int) throws -> MicroRow {
        // The queue's arena holds 192 KiB: what does not fit is flushed before.
        let rounds = max(1, datagrams / runs / segments)
        return try interleaved("\(runs) runs of \(segments), \(length) bytes each") {
            timed(rounds * runs * segments) {
                for _ in 0..<rounds { rig.send(runs: runs, segments: segments, length: length) }
            }
        } bound: {
            cbench_raw_send(sink.port, Int32(runs), Int32(segments), Int32(length), Int32(rounds))
        }
    }
}
