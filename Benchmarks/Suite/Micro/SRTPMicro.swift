import CBench
import COpenSSL
import RelayIO
import RelayProtocol

/// Protecting and unprotecting a packet, by profile and size.
struct SRTPMicro {
    private let rounds = 16_384
    /// Packets sealed ahead, then opened.
    private let batch = 64
    private static let slot = 2_048

    func run() throws -> [MicroRow] {
        var rows: [MicroRow] = []
        for profile in SRTPProfile.allCases where profile != .counterSHA1Tag32 {
            for length in [100, 200, 1_200] {
                let seal = try sealing(profile, length)
                rows.append(
                    try interleaved("protect \(profile.name), \(length) bytes", own: seal) {
                        cbench_raw_seal(profile.isGCM ? 1 : 0, Int32(profile.keyLength), Int32(length), Int32(rounds))
                    })
                let open = try opening(profile, length)
                rows.append(
                    try interleaved("unprotect \(profile.name), \(length) bytes", own: open) {
                        cbench_raw_open(profile.isGCM ? 1 : 0, Int32(profile.keyLength), Int32(length), Int32(rounds))
                    })
            }
        }
        return rows
    }

    private func keys(_ profile: SRTPProfile) -> SRTPKeys {
        SRTPKeys(
            key: Array(repeating: 1, count: profile.keyLength), salt: Array(repeating: 2, count: profile.saltLength))
    }

    /// - Returns: measures nanoseconds of one packet.
    func sealing(
        _ profile: SRTPProfile, _ length: Int, _ backend: CipherBackend = .automatic
    ) throws -> () throws -> Double {
        let sealer = try PacketSealer(keys(profile), profile: profile, backend: backend)
        return {
            try withUnsafeTemporaryAllocation(byteCount: 2 * Self.slot, alignment: 64) { memory in
                guard let out = memory.baseAddress else { return -1 }
                memory.initializeMemory(as: UInt8.self, repeating: 0x80)
                var part = copenssl_part(data: out + Self.slot, length: Int32(length))
                return try timed(rounds) {
                    for round in 0..<rounds {
                        guard
                            sealer.seal(
                                headerLength: 12, parts: &part, partCount: 1, ssrc: 7, index: UInt64(round), out: out)
                                == 12 + length + profile.tagLength
                        else { throw BenchmarkError("\(profile.name) did not seal") }
                    }
                }
            }
        }
    }

    /// - Returns: measures nanoseconds of one packet.
    func opening(
        _ profile: SRTPProfile, _ length: Int, _ backend: CipherBackend = .automatic
    ) throws -> () throws -> Double {
        let sealer = try PacketSealer(keys(profile), profile: profile, backend: backend)
        let opener = try PacketOpener(keys(profile), profile: profile, backend: backend)
        return {
            var window = ReplayWindow()
            return try withUnsafeTemporaryAllocation(byteCount: (batch + 1) * Self.slot, alignment: 64) { memory in
                guard let base = memory.baseAddress else { return -1 }
                memory.initializeMemory(as: UInt8.self, repeating: 0)
                let plain = base + batch * Self.slot
                var spent = 0.0
                for first in stride(from: 0, to: rounds, by: batch) {
                    try seal(sealer, from: first, plain: plain, length: length, to: base)
                    spent += try open(opener, &window, base, 12 + length + profile.tagLength)
                }
                return spent / Double(rounds)
            }
        }
    }

    private func seal(
        _ sealer: PacketSealer, from first: Int, plain: UnsafeMutableRawPointer, length: Int,
        to base: UnsafeMutableRawPointer
    ) throws {
        var part = copenssl_part(data: plain, length: Int32(length))
        let header = HeaderWriter(ssrc: 7, payloadType: 96, extensions: ExtensionMap(), mid: "")
        for at in 0..<batch {
            let out = base + at * Self.slot
            let values = HeaderWriter.Values(
                sequence: UInt16(truncatingIfNeeded: first + at), timestamp: 0, marker: false, hasPadding: false,
                transportSequence: 0, sendTime: 0)
            let headerLength = header.write(
                values, source: UnsafeRawBufferPointer(start: nil, count: 0), fields: ExtensionFields(), to: out)
            guard
                headerLength == 12,
                sealer.seal(
                    headerLength: 12, parts: &part, partCount: 1, ssrc: 7, index: UInt64(first + at), out: out) != nil
            else { throw BenchmarkError("\(sealer.profile.name) did not seal") }
        }
    }

    /// Nanoseconds of opening a batch.
    private func open(
        _ opener: PacketOpener, _ window: inout ReplayWindow, _ base: UnsafeMutableRawPointer, _ length: Int
    ) throws -> Double {
        try timed(1) {
            for at in 0..<batch {
                let packet = UnsafeMutableRawBufferPointer(start: base + at * Self.slot, count: length)
                guard let header = PacketHeader(UnsafeRawBufferPointer(packet)),
                    opener.open(packet, header: header, window: &window) != nil
                else { throw BenchmarkError("\(opener.profile.name) did not open") }
            }
        }
    }
}
