import CBench
import COpenSSL
import Glibc
import Load
import RelayControl
import RelayIO
import RelayProtocol

/// The parts of the hot path by themselves, beside OpenSSL called from C.
struct MicroBenchmark {
    struct Row {
        var name: String
        var nanoseconds: Double
        /// What bare OpenSSL takes for the same; nil where there is nothing to compare with.
        var raw: Double?
    }

    private let rounds = 20_000
    private let repetitions = 5

    func run() throws -> [Row] {
        var rows: [Row] = []
        for profile in SRTPProfile.allCases where profile != .counterSHA1Tag32 {
            for length in [100, 200, 1_200] {
                let seal = try sealer(profile, length)
                var own: [Double] = []
                var raw: [Double] = []
                // Interleaved, since the machine's speed drifts.
                for _ in 0..<repetitions {
                    own.append(try seal())
                    raw.append(
                        cbench_raw_seal(profile.isGCM ? 1 : 0, Int32(profile.keyLength), Int32(length), Int32(rounds)))
                }
                rows.append(
                    Row(name: "seal \(profile.name), \(length) bytes", nanoseconds: median(own), raw: median(raw)))
            }
        }
        rows.append(
            Row(
                name: "parse a header and rewrite it", nanoseconds: median((0..<repetitions).map { _ in rewrite() }),
                raw: nil))
        return rows
    }

    private func sealer(_ profile: SRTPProfile, _ length: Int) throws -> () throws -> Double {
        let keys = SRTPKeys(
            key: Array(repeating: 1, count: profile.keyLength), salt: Array(repeating: 2, count: profile.saltLength))
        let sealer = try PacketSealer(keys, profile: profile)
        return {
            try withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 64) { memory in
                guard let out = memory.baseAddress else { return .nan }
                memory.initializeMemory(as: UInt8.self, repeating: 0x80)
                var part = copenssl_part(data: out + 2_048, length: Int32(length))
                let start = threadTime()
                for round in 0..<rounds {
                    guard
                        sealer.seal(
                            headerLength: 12, parts: &part, partCount: 1, ssrc: 7, index: UInt64(round), out: out)
                            == 12 + length + profile.tagLength
                    else { throw BenchmarkError("\(profile.name) did not seal") }
                }
                return (threadTime() - start) / Double(rounds)
            }
        }
    }

    private func rewrite() -> Double {
        let map = SessionText.videoExtensions
        let table = ExtensionTable(map)
        let source = HeaderWriter(ssrc: 1, payloadType: 96, extensions: map, mid: "1")
        let target = HeaderWriter(ssrc: 2, payloadType: 97, extensions: map, mid: "0")
        var values = HeaderWriter.Values(
            sequence: 1, timestamp: 2, marker: false, hasPadding: false, transportSequence: 3, sendTime: 4)
        return withUnsafeTemporaryAllocation(byteCount: 2_048, alignment: 64) { memory in
            guard let base = memory.baseAddress else { return .nan }
            let length = source.write(
                values, source: UnsafeRawBufferPointer(start: nil, count: 0), fields: ExtensionFields(), to: base)
            let packet = UnsafeRawBufferPointer(start: base, count: length)
            var total = 0
            let start = threadTime()
            for round in 0..<rounds {
                guard let header = PacketHeader(packet) else { return .nan }
                let fields = ExtensionFields(packet, header: header, table: table)
                values.sequence = UInt16(truncatingIfNeeded: round)
                total += target.write(values, source: packet, fields: fields, to: base + 1_024)
            }
            let spent = threadTime() - start
            return total > 0 ? spent / Double(rounds) : .nan
        }
    }
}

/// Nanoseconds that this thread has run.
private func threadTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}
