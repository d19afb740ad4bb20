import COpus
import Foundation
import RelayMixing
import RelayProtocol

/// Somebody who speaks: a tone (or any sound) in packets, by a clock of their own.
final class Voice {
    let input: MixInputID
    let owner: MixOwner
    /// Of their clock against the mixer's.
    var partsPerMillion = 0.0
    /// Samples of 48 kHz.
    let duration: Int
    let channels: Int
    /// What is heard at each of their samples, by channel.
    var sound: (Int, Int) -> Float
    /// Bytes of each packet, where it is not by Opus.
    var encode: (([Float]) -> [UInt8])?
    /// As RFC 6464 has it, where packets bear it.
    var level: UInt8?
    var isSending = true
    /// Whether a packet is left out as clients with discontinuous transmission do: each twentieth is a sign of one byte.
    var isPause: (Int) -> Bool = { _ in false }
    /// Microseconds under way of each packet; nil: lost.
    var network: (Int) -> Int64? = { _ in 5_000 }
    /// µs of the mixer's clock at which their first sample was.
    let start: Int64
    private(set) var sent = 0
    private(set) var lost = 0
    private(set) var sizes: [Int] = []
    var firstSequence: UInt16 = 65_500
    var firstTimestamp: UInt32 = 4_294_900_000
    var clockScale = 1
    private var numbered: UInt16 = 0
    private let encoder: OpaquePointer

    init(
        _ number: UInt64, milliseconds: Int = 20, channels: Int = 1, start: Int64 = 0, bitrate: Int32 = 32_000,
        isMusic: Bool = false, loss: Int32 = 0, dtx: Bool = false, sound: @escaping (Int, Int) -> Float
    ) {
        input = MixInputID(number)
        owner = MixOwner(number)
        duration = milliseconds * 48
        self.channels = channels
        self.start = start
        self.sound = sound
        encoder = opus_encoder_create(
            48_000, Int32(channels), isMusic ? OPUS_APPLICATION_AUDIO : OPUS_APPLICATION_VOIP, nil)
        precondition(copus_encoder_set_up(encoder, bitrate, 5, loss, dtx ? 1 : 0) == OPUS_OK)
    }

    convenience init(_ number: UInt64, hertz: Double, amplitude: Float = 0.25, milliseconds: Int = 20, start: Int64 = 0)
    {
        self.init(number, milliseconds: milliseconds, start: start, sound: tone(hertz, amplitude))
    }

    deinit { opus_encoder_destroy(encoder) }

    struct Packet {
        var arrival: Int64
        var sequence: UInt16
        var timestamp: UInt32
        var payload: [UInt8]
    }

    /// When the next packet is sent, on the mixer's clock.
    var nextSending: Int64 {
        start + Int64(Double((sent + 1) * duration) / 48 * 1_000 * (1 - partsPerMillion / 1_000_000))
    }

    /// Sends the next packet; nil where it is lost or nothing is sent.
    func send() -> Packet? {
        let first = sent * duration
        var samples = [Float](repeating: 0, count: duration * channels)
        for at in 0..<duration {
            for channel in 0..<channels { samples[at * channels + channel] = sound(first + at, channel) }
        }
        let at = nextSending
        let number = sent
        sent += 1
        var payload: [UInt8]
        if let encode {
            payload = encode(samples)
        } else {
            payload = [UInt8](repeating: 0, count: 1_275)
            let count = opus_encode_float(encoder, samples, Int32(duration), &payload, 1_275)
            precondition(count > 0)
            payload.removeLast(payload.count - Int(count))
        }
        sizes.append(payload.count)
        if isPause(number) {
            guard number % 20 == 0 else { return nil }
            payload = [payload[0] & 0xfc]
        }
        guard isSending else { return nil }
        numbered &+= 1
        guard let delay = network(number) else {
            lost += 1
            return nil
        }
        return Packet(
            arrival: at + delay, sequence: firstSequence &+ numbered,
            timestamp: firstTimestamp &+ UInt32(truncatingIfNeeded: first / clockScale), payload: payload)
    }
}

private let sineTable = (0..<48_000).map { Float(sin(2 * Double.pi * Double($0) / 48_000)) }

/// - Parameter hertz: a whole number.
func tone(_ hertz: Double, _ amplitude: Float = 0.25) -> (Int, Int) -> Float {
    // A table, since simulations ask for minutes.
    { at, _ in amplitude * sineTable[Int(hertz) * at % 48_000] }
}
