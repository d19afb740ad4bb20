import CBench
import COpus
import Foundation
import RelayMixing
import RelayProtocol

/// What mixing costs: whole rooms on one thread, parts of it by themselves, and what it allocates.
struct MixingBenchmark {
    struct Room {
        var name: String
        /// Share of one core, per cent.
        var share: Double
        var limit: Limit?
    }

    struct Result {
        var rooms: [Room]
        var parts: [MicroRow]
        var allocationsPerTick: Double
    }

    /// The argument with which this program counts its own allocations in a process of its own.
    static let countingArgument = "--count-mixing"
    private static let ticks = 500

    let options: Options
    let thresholds: Thresholds

    func run() throws -> Result {
        Result(rooms: try rooms(), parts: try parts(), allocationsPerTick: try allocations())
    }

    // MARK: Rooms

    private func rooms() throws -> [Room] {
        let limit = Limit.atMost(thresholds.mixingSharePercent)
        return [
            try room("room of 20, 3 speak", members: 20, audience: 0, saysLevels: true, limit: limit),
            try room(
                "the same without levels: all are decoded", members: 20, audience: 0, saysLevels: false, limit: limit),
            try room("3 speak to 200 listeners", members: 3, audience: 200, saysLevels: true),
            try room("room of 200, 3 speak", members: 200, audience: 0, saysLevels: true),
        ]
    }

    private func room(
        _ name: String, members: Int, audience: Int, saysLevels: Bool, limit: Limit? = nil
    ) throws -> Room {
        let room = try SpokenRoom(members: members, speaking: 3, audience: audience, saysLevels: saysLevels)
        for _ in 0..<100 { room.turn() }
        var shares: [Double] = []
        for _ in 0..<options.rounds {
            let before = room.frames
            let tick = timed(Self.ticks) { for _ in 0..<Self.ticks { room.turn() } }
            // The common mix and one for each who speaks, unless a speaker has no listener.
            guard room.frames - before >= Self.ticks * 3 else { throw BenchmarkError("\(name): nothing was mixed") }
            shares.append(tick / 20_000_000 * 100)
        }
        return Room(name: name, share: median(shares), limit: limit)
    }

    // MARK: Parts

    private func parts() throws -> [MicroRow] {
        guard let rig = MixingRig(voices: 3), let decoder = opus_decoder_create(48_000, 1, nil),
            let encoder = opus_encoder_create(48_000, 1, OPUS_APPLICATION_VOIP, nil)
        else { throw BenchmarkError("there is no memory for the codecs") }
        defer {
            opus_decoder_destroy(decoder)
            opus_encoder_destroy(encoder)
        }
        let settings = MixSettings()
        _ = copus_encoder_set_up(
            encoder, Int32(settings.bitrate.bitsPerSecond), Int32(settings.complexity), Int32(settings.expectedLoss), 0)
        let sound = SpokenRoom.voice(140)
        let packets = try SpokenRoom.packets(sound)
        var samples = [Float](repeating: 0, count: 960)
        var payload = [UInt8](repeating: 0, count: 1_275)
        let decoding = try interleaved("a packet of 20 ms decoded", unit: .microseconds, beside: "bare libopus") {
            timed(packets.count) { for packet in packets { packet.withUnsafeBytes { _ = rig.decode($0) } } }
        } bound: {
            timed(packets.count) {
                for packet in packets {
                    _ = opus_decode_float(decoder, packet, Int32(packet.count), &samples, 960, 0)
                }
            }
        }
        let mixing = timed(2_000) { for _ in 0..<2_000 { _ = rig.mix() } }
        let encoding = try interleaved("20 ms mixed of 3 and encoded", unit: .microseconds, beside: "bare libopus") {
            var spent = 0.0
            for packet in packets {
                packet.withUnsafeBytes { _ = rig.decode($0) }
                spent += timed(1) {
                    _ = rig.mix()
                    _ = rig.encode()
                }
            }
            return spent / Double(packets.count)
        } bound: {
            sound.withUnsafeBufferPointer { sound in
                timed(packets.count) {
                    guard let start = sound.baseAddress else { return }
                    for number in packets.indices {
                        _ = opus_encode_float(encoder, start + number * 960, 960, &payload, 1_275)
                    }
                }
            }
        }
        return [decoding, encoding, MicroRow(name: "3 voices summed up and limited", value: mixing)]
    }

    // MARK: Allocations

    /// Runs this program with the preloaded library, which counts.
    private func allocations() throws -> Double {
        guard FileManager.default.fileExists(atPath: options.mallocCounter) else {
            throw BenchmarkError("\(options.mallocCounter) is missing: build the product malloc-counter")
        }
        let table = NSTemporaryDirectory() + "switchyard-mixing-\(getpid())"
        guard FileManager.default.createFile(atPath: table, contents: Data(count: AllocationBenchmark.tableBytes))
        else {
            throw BenchmarkError("\(table) cannot be written")
        }
        defer { try? FileManager.default.removeItem(atPath: table) }
        let child = try ChildProcess(
            Options.beside("switchyard-bench"), [Self.countingArgument],
            environment: ["LD_PRELOAD": options.mallocCounter, "MALLOC_COUNTER_FILE": table])
        defer { child.stop() }
        guard let count = Double(try child.readLine()) else { throw BenchmarkError("allocations were not counted") }
        return count
    }

    /// In the child: allocations of one tick of a room of 20, printed.
    static func count() throws {
        guard let table = ProcessInfo.processInfo.environment["MALLOC_COUNTER_FILE"],
            let file = FileHandle(forReadingAtPath: table)
        else { throw BenchmarkError("\(countingArgument) is for this program itself") }
        let room = try SpokenRoom(members: 20, speaking: 3, audience: 0, saysLevels: true)
        for _ in 0..<ticks { room.turn() }
        let before = try counted(file)
        for _ in 0..<ticks { room.turn() }
        let after = try counted(file)
        let idle = try counted(file) - after
        guard before > 0 else { throw BenchmarkError("no allocation was counted") }
        print(Double(max(after - before - idle, 0)) / Double(ticks))
        fflush(nil)
    }

    /// All threads' allocations so far; asking for them takes a few, the same each time.
    private static func counted(_ file: FileHandle) throws -> Int {
        try file.seek(toOffset: 0)
        let data = try file.readToEnd() ?? Data()
        return data.withUnsafeBytes { bytes in
            let words = bytes.bindMemory(to: UInt64.self)
            return stride(from: 1, to: words.count, by: AllocationBenchmark.rowWords).reduce(0) {
                $0 + Int(clamping: words[$1])
            }
        }
    }
}
