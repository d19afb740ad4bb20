internal import COpus

/// Makes samples of one input's payloads, whatever their codec and whatever is in them.
///
/// What it gives is as long as asked for or said, and silent where nothing could be made of the bytes.
final class SoundDecoder {
    /// The longest packet of either codec: 120 ms.
    static let longest = 5_760

    private enum Kind {
        case opus(OpaquePointer)
        case telephone([Float])
    }

    let codec: MixCodec
    private let kind: Kind
    private var rate = TelephoneRate(up: true, longest: SoundDecoder.longest / TelephoneRate.factor)
    private var concealment = Concealment()

    /// Nil where there is no memory for it.
    init?(_ codec: MixCodec) {
        self.codec = codec
        switch codec {
        case .opus:
            // Of stereo, libopus gives the mean of both channels to a decoder of one.
            guard let decoder = opus_decoder_create(48_000, 1, nil) else { return nil }
            kind = .opus(decoder)
        case .pcmu: kind = .telephone(G711.mu)
        case .pcma: kind = .telephone(G711.a)
        }
    }

    deinit {
        if case .opus(let decoder) = kind { opus_decoder_destroy(decoder) }
    }

    /// Samples of 48 kHz that the payload is of; nil where it is none of the codec's.
    static func duration(of payload: UnsafeRawBufferPointer, _ codec: MixCodec) -> Int? {
        guard payload.count <= WaitingPackets.longestPayload, !payload.isEmpty else { return nil }
        guard codec == .opus else {
            let samples = payload.count * TelephoneRate.factor
            return samples <= longest ? samples : nil
        }
        guard let bytes = payload.bindMemory(to: UInt8.self).baseAddress else { return nil }
        let samples = Int(opus_packet_get_nb_samples(bytes, Int32(payload.count), 48_000))
        return samples > 0 && samples <= longest ? samples : nil
    }

    /// Forgets what it decoded.
    func reset() {
        switch kind {
        case .opus(let decoder): _ = copus_decoder_reset(decoder)
        case .telephone:
            rate.reset()
            concealment.reset()
        }
    }

    /// - Parameter out: exactly as long as the payload's duration.
    /// - Returns: whether something could be made of the bytes; where not, the gap is concealed.
    func decode(_ payload: UnsafeRawBufferPointer, to out: Samples) -> Bool {
        switch kind {
        case .opus(let decoder):
            let count = Self.decode(decoder, payload, isCorrection: false, to: out)
            guard count > 0 else {
                conceal(to: out)
                return false
            }
            finish(out, decoded: count)
        case .telephone(let table):
            rate.raise(min(payload.count, out.count / TelephoneRate.factor), to: out) { table[Int(payload[$0])] }
            concealment.heard(out)
        }
        return true
    }

    /// What the packet before `payload` brought, as far as `payload` tells; G.711 tells nothing.
    /// - Parameter out: as long as that packet, of a multiple of 2.5 ms.
    func correct(by payload: UnsafeRawBufferPointer, to out: Samples) {
        guard case .opus(let decoder) = kind else { return conceal(to: out) }
        finish(out, decoded: Self.decode(decoder, payload, isCorrection: true, to: out))
    }

    /// Goes on as if nothing were missing, more quietly with each time.
    /// - Parameter out: of a multiple of 2.5 ms.
    func conceal(to out: Samples) {
        switch kind {
        case .opus(let decoder): finish(out, decoded: Self.decode(decoder, nil, isCorrection: false, to: out))
        case .telephone: concealment.continue(to: out)
        }
    }

    /// - Returns: samples, 0 where nothing could be made of it.
    private static func decode(
        _ decoder: OpaquePointer, _ payload: UnsafeRawBufferPointer?, isCorrection: Bool, to out: Samples
    ) -> Int {
        guard let samples = out.baseAddress else { return 0 }
        let count = opus_decode_float(
            decoder, payload?.bindMemory(to: UInt8.self).baseAddress, Int32(clamping: payload?.count ?? 0), samples,
            Int32(clamping: out.count), isCorrection ? 1 : 0)
        return max(Int(count), 0)
    }

    /// Whatever a decoder was made to say, what goes on is finite and not far beyond full scale.
    private func finish(_ out: Samples, decoded: Int) {
        let count = min(decoded, out.count)
        for at in 0..<count {
            let sample = out[at]
            out[at] = sample > 2 ? 2 : sample < -2 ? -2 : sample == sample ? sample : 0
        }
        out.part(count, out.count - count).clear()
    }
}
