internal import COpus
internal import RelayProtocol

/// One mix on its way out: limited, encoded once for each codec that somebody hears it in, left out where it is silent.
final class MixStream {
    /// Ticks in which decoders come to rest: all but the last are encoded.
    private static let closing = 4
    /// 20 ms of digital silence by the transform layer. Decoders make comfort noise of the speech layer's last frames, but none of this.
    private static let rest: (UInt8, UInt8, UInt8) = (0xf8, 0xff, 0xfe)
    /// Ticks after which a silence is said again (RFC 7587 §3.1.3: 400 ms).
    private static let refresh = 20
    private static let longestPayload = 1_275

    /// This tick's sum; after `send` what leaves of it.
    private(set) var samples = Samples.zeros(MixClock.frame)
    /// The last tick's.
    private var previous = Samples.zeros(MixClock.frame)
    private let encoder: OpaquePointer
    private let payload = UnsafeMutablePointer<UInt8>.allocate(capacity: MixStream.longestPayload)
    private var limiter = Limiter()
    private var lower = TelephoneRate(up: false, longest: MixClock.frame)
    /// Somebody heard the last tick so encoded.
    private var wasHeard = (opus: false, telephone: false)
    /// Ticks for which there has been nothing.
    private var silence = MixStream.closing
    /// Ticks since Opus was last sent; nil: it has been sent, in the last one.
    private var pause: Int?
    /// The next packet does not refer to those before: somebody hears it who has not heard them.
    var isBroken = false

    /// Nil where there is no memory for it.
    init?(_ settings: MixSettings) {
        guard let encoder = opus_encoder_create(48_000, 1, OPUS_APPLICATION_VOIP, nil) else { return nil }
        self.encoder = encoder
        // libopus's own discontinuous transmission takes whatever is steady for noise, a held note as well; what is silence here is
        // known without it.
        let status = copus_encoder_set_up(
            encoder, Int32(clamping: min(max(settings.bitrate.bitsPerSecond, 6_000), 256_000)),
            Int32(clamping: min(max(settings.complexity, 0), 10)),
            Int32(clamping: min(max(settings.expectedLoss, 0), 100)), 0)
        // What libopus refuses it does without.
        if status != OPUS_OK { _ = copus_encoder_set_prediction(encoder, 1) }
    }

    deinit {
        opus_encoder_destroy(encoder)
        samples.deallocate()
        previous.deallocate()
        payload.deallocate()
    }

    /// Goes on where `other` is: with what its listeners have heard until now.
    func take(over other: MixStream) {
        samples.copy(other.samples)
        limiter = other.limiter
        lower = other.lower
        silence = other.silence
        pause = other.pause
        wasHeard = (false, other.wasHeard.telephone)
    }

    /// Another tick: `samples` are zeros, to be added to.
    func begin() {
        swap(&samples, &previous)
        samples.clear()
    }

    /// Sends what `samples` were summed up to.
    /// - Parameters:
    ///   - isSilent: the samples are zeros.
    ///   - tick: of the room, from 0.
    func send(to audience: borrowing Audience, isSilent: Bool, tick: Int64, into sink: (MixedFrame) -> Void) {
        silence = isSilent ? min(silence + 1, Self.closing + 1) : 0
        if !isSilent { limiter.process(samples) }
        let level = isSilent ? 127 : samples.level
        if audience.opus.isEmpty {
            wasHeard.opus = false
        } else {
            sendOpus(to: audience.opus, level: level, tick: tick, into: sink)
        }
        if audience.pcmu.isEmpty && audience.pcma.isEmpty {
            wasHeard.telephone = false
        } else {
            sendTelephone(to: audience, level: level, tick: tick, into: sink)
        }
    }

    // MARK: Opus

    private func sendOpus(
        to listeners: ContiguousArray<MixListenerID>, level: UInt8, tick: Int64, into sink: (MixedFrame) -> Void
    ) {
        var length = 0
        if silence < Self.closing {
            prepareEncoder()
            length = encode(samples)
            if isBroken {
                isBroken = false
                _ = copus_encoder_set_prediction(encoder, 1)
            }
        } else if silence == Self.closing {
            (payload[0], payload[1], payload[2]) = Self.rest
            length = 3
        }
        wasHeard.opus = true
        let isNothing = length == 0
        if isNothing {
            let ticks = pause.map { $0 + 1 } ?? 0
            pause = ticks % Self.refresh
            guard ticks % Self.refresh == 0 else { return }
            // One frame of no bytes is how Opus says that nothing was transmitted.
            payload[0] = Self.rest.0
            length = 1
        }
        let marker = !isNothing && pause != nil
        if !isNothing { pause = nil }
        listeners.withUnsafeBufferPointer {
            sink(
                MixedFrame(
                    listeners: $0, codec: .opus, payload: UnsafeRawBufferPointer(start: payload, count: length),
                    timestamp: UInt32(truncatingIfNeeded: tick &* Int64(MixClock.frame)), marker: marker,
                    isSilence: isNothing, audioLevel: level))
        }
    }

    /// An encoder that was not used goes on from what its listeners heard last, and from nothing that it encoded itself.
    private func prepareEncoder() {
        if !wasHeard.opus {
            _ = copus_encoder_reset(encoder)
            _ = encode(previous)
            isBroken = true
        }
        if isBroken { _ = copus_encoder_set_prediction(encoder, 0) }
    }

    /// - Returns: bytes of the payload; 0 where libopus failed.
    private func encode(_ frame: Samples) -> Int {
        guard let frame = frame.baseAddress else { return 0 }
        let count = opus_encode_float(
            encoder, frame, Int32(MixClock.frame), payload, Int32(Self.longestPayload))
        return max(Int(count), 0)
    }

    // MARK: G.711

    /// Telephones take silence for a lost call, so it is sent, too.
    private func sendTelephone(
        to audience: borrowing Audience, level: UInt8, tick: Int64, into sink: (MixedFrame) -> Void
    ) {
        let marker = !wasHeard.telephone
        wasHeard.telephone = true
        let count = MixClock.frame / TelephoneRate.factor
        withUnsafeTemporaryAllocation(of: Int16.self, capacity: count) { low in
            let isSilent = silence > Self.closing
            if isSilent {
                low.initialize(repeating: 0)
            } else {
                lower.lower(samples) { low[$0] = Int16(max(min($1 * 32_768, 32_767), -32_768)) }
            }
            func send(_ codec: MixCodec, to listeners: ContiguousArray<MixListenerID>) {
                listeners.withUnsafeBufferPointer {
                    sink(
                        MixedFrame(
                            listeners: $0, codec: codec,
                            payload: UnsafeRawBufferPointer(start: payload, count: count),
                            timestamp: UInt32(truncatingIfNeeded: tick &* Int64(count)), marker: marker,
                            isSilence: isSilent, audioLevel: level))
                }
            }
            if !audience.pcmu.isEmpty {
                for at in 0..<count { payload[at] = G711.encodeMu(Int(low[at])) }
                send(.pcmu, to: audience.pcmu)
            }
            if !audience.pcma.isEmpty {
                for at in 0..<count { payload[at] = G711.encodeA(Int(low[at])) }
                send(.pcma, to: audience.pcma)
            }
        }
    }
}
