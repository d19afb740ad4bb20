import COpus
import Foundation

/// A tone as a microphone would send it in Opus, frame by frame of 20 ms.
final class Tone {
    private let encoder: OpaquePointer?
    private let frequency: Double
    private var samples = 0

    init(_ frequency: Double) {
        self.frequency = frequency
        encoder = opus_encoder_create(48_000, 1, OPUS_APPLICATION_AUDIO, nil)
    }

    deinit { if let encoder { opus_encoder_destroy(encoder) } }

    func frame() -> [UInt8] {
        guard let encoder else { return [] }
        let sound = (0..<960).map { Int16(8_000 * sin(2 * .pi * frequency * Double(samples + $0) / 48_000)) }
        samples += 960
        var out = [UInt8](repeating: 0, count: 1_275)
        let length = opus_encode(encoder, sound, 960, &out, Int32(out.count))
        return Array(out.prefix(max(0, Int(length))))
    }
}

/// Hears which tones are in what it is given.
final class Listening {
    private let decoder = opus_decoder_create(48_000, 1, nil)
    private var sound: [Int16] = []

    deinit { if let decoder { opus_decoder_destroy(decoder) } }

    /// Decodes payloads of Opus.
    func hear(_ payloads: [[UInt8]]) {
        guard let decoder else { return }
        for payload in payloads {
            var frame = [Int16](repeating: 0, count: 5_760)
            let count = opus_decode(decoder, payload, Int32(payload.count), &frame, 5_760, 0)
            sound += frame.prefix(max(0, Int(count)))
        }
    }

    /// How loud a tone is in the last half second: the amplitude, 0 to 32,767 (Goertzel's algorithm).
    func loudness(of frequency: Double) -> Double {
        let window = sound.suffix(24_000)
        guard window.count == 24_000 else { return 0 }
        let coefficient = 2 * cos(2 * .pi * frequency / 48_000)
        var (last, before) = (0.0, 0.0)
        for sample in window { (last, before) = (Double(sample) + coefficient * last - before, last) }
        return sqrt(max(0, last * last + before * before - coefficient * last * before)) * 2 / 24_000
    }
}
