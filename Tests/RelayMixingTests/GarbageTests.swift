@testable import RelayMixing
import RelayProtocol
import TestSupport
import Testing

/// Whatever comes from the network, nothing traps, nothing grows, and others go on being heard.
@Suite struct GarbageTests {
    @Test(arguments: [MixCodec.opus, .pcmu, .pcma], [1 as UInt64, 2, 3])
    func anyBytesAndNumbersAreBorne(_ codec: MixCodec, _ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let simulation = Simulation()
        simulation.add(Voice(1, hertz: 400))
        let ear = simulation.listen(1, of: nil)
        let bad = MixInputID(2)
        simulation.mix.add(bad, of: MixOwner(2), codec: codec)
        var sequence: UInt16 = 0
        var timestamp: UInt32 = 0
        simulation.beforeTick = { now in
            for _ in 0..<Int.random(in: 0...60, using: &random) {
                sequence &+= Bool.random(using: &random) ? 1 : UInt16.random(in: 0...(.max), using: &random)
                timestamp &+= Bool.random(using: &random) ? 960 : UInt32.random(in: 0...(.max), using: &random)
                let length =
                    Bool.random(using: &random)
                    ? Int.random(in: 0...80, using: &random)
                    : Int.random(in: 0...1_600, using: &random)
                let level: UInt8? = Bool.random(using: &random) ? nil : UInt8.random(in: 0...(.max), using: &random)
                random.bytes(length).withUnsafeBytes {
                    simulation.mix.receive(
                        bad, sequence: sequence, timestamp: timestamp, payload: $0, level: level,
                        at: Instant(microseconds: now - Int64.random(in: 0...30_000, using: &random)))
                }
            }
        }
        simulation.run(milliseconds: 3_000)
        #expect(ear.samples.allSatisfy { $0.isFinite && abs($0) <= 1.5 })
        #expect(simulation.mix.statistics(of: bad).map { $0.received > 1_000 } == true)
        simulation.mix.remove(bad)
        simulation.run(milliseconds: 2_000)
        #expect(abs(ear.decibels(400, 3.5..<4.8) - -12) < 1)
    }

    /// Numbers that go on, so that packets get as far as the decoder.
    @Test(arguments: [11 as UInt64, 12, 13]) func anyPayloadInOrderIsBorne(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let simulation = Simulation()
        let voice = Voice(1, hertz: 400, amplitude: 0.3)
        voice.encode = { _ in
            var bytes = random.bytes(Int.random(in: 1...200, using: &random))
            // One frame of 20 ms, by any of the layers.
            bytes[0] = [0x08, 0x48, 0x78, 0xf8, 0xfc][Int.random(in: 0..<5, using: &random)]
            return bytes
        }
        simulation.add(voice)
        let ear = simulation.listen(1, of: nil)
        simulation.run(milliseconds: 3_000)
        #expect(ear.samples.allSatisfy { $0.isFinite })
        #expect(simulation.mix.statistics.decoded > 100)
    }

    @Test func aFloodIsKeptNoLongerThanItMayWait() {
        let simulation = Simulation()
        let input = MixInputID(1)
        simulation.mix.add(input, of: MixOwner(1), codec: .opus)
        let payload: [UInt8] = [0x78, 1, 2, 3]
        for number in 0..<5_000 {
            payload.withUnsafeBytes {
                simulation.mix.receive(
                    input, sequence: UInt16(truncatingIfNeeded: number), timestamp: UInt32(number) * 960, payload: $0,
                    level: nil, at: .zero)
            }
        }
        let statistics = simulation.mix.statistics
        #expect(statistics.received == 5_000)
        #expect(statistics.overflowed + statistics.restarted > 0)
        simulation.run(milliseconds: 5_000)
        #expect(simulation.mix.statistics.decoded < 200)
    }

    @Test func instantsThatJumpAreBorne() {
        let simulation = Simulation()
        let input = MixInputID(1)
        simulation.mix.add(input, of: MixOwner(1), codec: .opus)
        let payload: [UInt8] = [0x78, 1, 2, 3]
        for (number, instant) in [0, Int64.max, .min, 5, .max, 20_000, -1, .min].enumerated() {
            for next in 0..<3 {
                payload.withUnsafeBytes {
                    simulation.mix.receive(
                        input, sequence: UInt16(number * 3 + next), timestamp: UInt32.max / 8 * UInt32(number),
                        payload: $0,
                        level: 20, at: Instant(microseconds: instant))
                }
            }
            simulation.mix.tick(at: Instant(microseconds: instant)) { _ in }
        }
        #expect(simulation.mix.statistics.received == 24)
    }

    @Test func namesThatAreNotThereAreIgnored() {
        let simulation = Simulation()
        simulation.mix.remove(MixInputID(1))
        simulation.mix.setMuted(MixInputID(1), true)
        simulation.mix.removeListener(MixListenerID(1))
        [UInt8]().withUnsafeBytes {
            simulation.mix.receive(MixInputID(1), sequence: 0, timestamp: 0, payload: $0, level: nil, at: .zero)
        }
        simulation.run(milliseconds: 100)
        #expect(simulation.frames == 0)
    }
}
