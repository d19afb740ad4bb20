import CBench
import Load
import RelayProtocol

/// Parsing a packet's header with its extensions, and writing another one of it.
struct HeaderMicro {
    private let rounds = 50_000

    func run() throws -> [MicroRow] {
        var rows: [MicroRow] = []
        let map = SessionText.videoExtensions
        let table = ExtensionTable(map)
        let source = HeaderWriter(ssrc: 1, payloadType: 96, extensions: map, mid: "1")
        let target = HeaderWriter(ssrc: 2, payloadType: 97, extensions: map, mid: "0")
        var values = HeaderWriter.Values(
            sequence: 1, timestamp: 2, marker: false, hasPadding: false, transportSequence: 3, sendTime: 4)
        try withUnsafeTemporaryAllocation(byteCount: 2_048, alignment: 64) { memory in
            guard let base = memory.baseAddress else { return }
            let length = source.write(
                values, source: UnsafeRawBufferPointer(start: nil, count: 0), fields: ExtensionFields(), to: base)
            let packet = UnsafeRawBufferPointer(start: base, count: length)
            rows.append(
                try interleaved("\(length) bytes with mid, send time, transport sequence") {
                    var total = 0
                    let spent = timed(rounds) {
                        for round in 0..<rounds {
                            guard let header = PacketHeader(packet) else { return }
                            let fields = ExtensionFields(packet, header: header, table: table)
                            values.sequence = UInt16(truncatingIfNeeded: round)
                            total += target.write(values, source: packet, fields: fields, to: base + 1_024)
                        }
                    }
                    return total == rounds * length ? spent : -1
                } bound: {
                    cbench_copy(Int32(length), Int32(rounds))
                })
        }
        return rows
    }
}
