import COpus
import Foundation
import RelayMixing
import RelayProtocol

/// A room that speaks to a mix by itself: packets that were encoded beforehand, and everybody listens.
final class SpokenRoom {
    private struct Member {
        var input: MixInputID
        var packets: [[UInt8]]
        var level: UInt8
    }

    /// Packets of a voice, after which it says the same again: 4 s.
    static let length = 200

    let mix: RoomMix
    private var members: [Member] = []
    private let saysLevels: Bool
    private var tick: Int64 = 0
    private(set) var frames = 0
    private(set) var bytes = 0

    /// - Parameters:
    ///   - members: who have a microphone; they listen, too.
    ///   - speaking: how many of them speak; the others' microphones hear the room.
    ///   - audience: who only listen.
    ///   - saysLevels: packets bear their levels (RFC 6464), as browsers' do.
    init(members: Int, speaking: Int, audience: Int, saysLevels: Bool) throws {
        guard let mix = RoomMix() else { throw BenchmarkError("there is no memory for a mix") }
        self.mix = mix
        self.saysLevels = saysLevels
        let quiet = try Self.packets(Self.noise(0.001))
        for number in 0..<members {
            let isSpeaking = number < speaking
            let input = MixInputID(UInt64(number))
            let owner = MixOwner(UInt64(number))
            mix.add(input, of: owner, codec: .opus)
            mix.addListener(MixListenerID(UInt64(number)), of: owner)
            self.members.append(
                Member(
                    input: input,
                    packets: isSpeaking ? try Self.packets(Self.voice(110 + 35 * Double(number))) : quiet,
                    level: isSpeaking ? 22 : 62))
        }
        for number in 0..<audience { mix.addListener(MixListenerID(UInt64(10_000 + number)), of: nil) }
    }

    /// 20 ms: a packet from everybody, then the tick.
    func turn() {
        for member in members {
            let arrival = Instant(microseconds: tick * 20_000 + 12_000)
            member.packets[Int(tick) % Self.length].withUnsafeBytes {
                mix.receive(
                    member.input, sequence: UInt16(truncatingIfNeeded: tick),
                    timestamp: UInt32(truncatingIfNeeded: tick * 960), payload: $0,
                    level: saysLevels ? member.level : nil, at: arrival)
            }
        }
        mix.tick(at: Instant(microseconds: (tick + 1) * 20_000)) { frame in
            frames += 1
            bytes += frame.payload.count * frame.listeners.count
        }
        tick += 1
    }

    /// What a voice sounds like to an encoder: a gliding row of harmonics, in syllables, with some breath.
    static func voice(_ hertz: Double) -> [Float] {
        let breath = noise(0.01)
        var phase = 0.0
        return breath.indices.map { at in
            let second = Double(at) / 48_000
            phase += 2 * .pi * hertz * (1 + 0.15 * wave(0.7 * second)) / 48_000
            let syllable = max(0, 0.4 + 0.6 * wave(3.1 * second + hertz))
            var sum = 0.0
            for harmonic in 1...14 { sum += wave(phase * Double(harmonic) / (2 * .pi)) / Double(harmonic) }
            return Float(0.15 * syllable * sum) + breath[at]
        }
    }

    /// White, of a fixed seed.
    static func noise(_ amplitude: Float) -> [Float] {
        var state: UInt32 = 12_345
        return (0..<length * 960).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return amplitude * (Float(state >> 8) / 8_388_608 - 1)
        }
    }

    static func packets(_ sound: [Float]) throws -> [[UInt8]] {
        guard let encoder = opus_encoder_create(48_000, 1, OPUS_APPLICATION_VOIP, nil) else {
            throw BenchmarkError("there is no memory for an encoder")
        }
        defer { opus_encoder_destroy(encoder) }
        guard copus_encoder_set_up(encoder, 32_000, 9, 5, 0) == OPUS_OK else {
            throw BenchmarkError("libopus refuses its settings")
        }
        return try (0..<length).map { number in
            var payload = [UInt8](repeating: 0, count: 1_275)
            let count = sound[number * 960..<(number + 1) * 960].withUnsafeBufferPointer { samples in
                samples.baseAddress.map { opus_encode_float(encoder, $0, 960, &payload, 1_275) } ?? -1
            }
            guard count > 0 else { throw BenchmarkError("libopus did not encode") }
            return Array(payload[..<Int(count)])
        }
    }
}

private func wave(_ turns: Double) -> Double { sin(2 * .pi * turns) }
