import COpus
import Foundation
import RelayMixing

/// Somebody who listens: decodes what a listener is sent, as it comes.
final class Ear {
    struct Frame {
        /// µs of the tick.
        var at: Int64
        var timestamp: UInt32
        var marker: Bool
        var isSilence: Bool
        var size: Int
        var level: UInt8
        /// How many are sent the same.
        var audience: Int
    }

    let codec: MixCodec
    private(set) var frames: [Frame] = []
    /// By timestamp: what was left out is zeros.
    private(set) var samples: [Float] = []
    private let decoder: OpaquePointer

    init(_ codec: MixCodec = .opus) {
        self.codec = codec
        decoder = opus_decoder_create(48_000, 1, nil)
    }

    deinit { opus_decoder_destroy(decoder) }

    func hear(_ frame: MixedFrame, at: Int64) {
        frames.append(
            Frame(
                at: at, timestamp: frame.timestamp, marker: frame.marker, isSilence: frame.isSilence,
                size: frame.payload.count, level: frame.audioLevel, audience: frame.listeners.count))
        precondition(frame.codec == codec)
        guard codec == .opus else { return }
        var pcm = [Float](repeating: 0, count: 5_760)
        let bytes = Array(frame.payload)
        let count = Int(opus_decode_float(decoder, bytes, Int32(bytes.count), &pcm, 960, 0))
        precondition(count == 960)
        let start = Int(frame.timestamp)
        if samples.count < start { samples += [Float](repeating: 0, count: start - samples.count) }
        samples += pcm[..<count]
    }

    func decodeFloat(_ payload: [UInt8], _ pcm: inout [Float]) -> Int {
        Int(opus_decode_float(decoder, payload, Int32(payload.count), &pcm, Int32(pcm.count), 0))
    }

    /// The amplitude of a tone within seconds of the mix.
    func amplitude(_ hertz: Double, _ span: Range<Double>) -> Double {
        let part = samples[clamped: Int(span.lowerBound * 48_000)..<Int(span.upperBound * 48_000)]
        return goertzel(part, hertz)
    }

    /// dB of a tone's amplitude.
    func decibels(_ hertz: Double, _ span: Range<Double>) -> Double { 20 * log10(max(amplitude(hertz, span), 1e-9)) }

    /// The root mean square of each 20 ms.
    func loudness(_ span: Range<Double>) -> [Float] {
        let part = Array(samples[clamped: Int(span.lowerBound * 48_000)..<Int(span.upperBound * 48_000)])
        return stride(from: 0, to: part.count - 959, by: 960).map { start in
            (part[start..<start + 960].reduce(0) { $0 + $1 * $1 } / 960).squareRoot()
        }
    }
}

extension Array {
    subscript(clamped range: Range<Int>) -> ArraySlice<Element> { self[range.clamped(to: 0..<count)] }
}

/// The amplitude of a tone, with a Hann window so that others do not leak into it.
func goertzel(_ samples: ArraySlice<Float>, _ hertz: Double) -> Double {
    let count = samples.count
    guard count > 0 else { return 0 }
    let turn = 2 * Double.pi * hertz / 48_000
    var (real, imaginary) = (0.0, 0.0)
    for (at, sample) in samples.enumerated() {
        let value = Double(sample) * (1 - cos(2 * .pi * Double(at) / Double(count)))
        real += value * cos(turn * Double(at))
        imaginary += value * sin(turn * Double(at))
    }
    return 2 * (real * real + imaginary * imaginary).squareRoot() / Double(count)
}

extension Ear {
    /// A packet's samples.
    func decode(_ payload: [UInt8], _ duration: Int) -> [Float] {
        var pcm = [Float](repeating: 0, count: duration)
        precondition(decodeFloat(payload, &pcm) == duration)
        return pcm
    }
}
