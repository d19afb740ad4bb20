/// How long one subscriber is to hold video back, so that what was lost is there again before it is to be shown.
///
/// A browser that only receives knows no round trip: it repeats a request for what is missing after 100 ms, while it holds frames back
/// for hardly more than the jitter. So each time a request or its answer gets lost, too, the picture stands still. The playout-delay
/// header extension sets bounds to what it holds back: where much gets lost, at least the time of two requests.
package struct PlayoutDelay: Sendable {
    /// Above this share of lost packets more is held back.
    private static let muchLoss = 0.015
    /// Below this, for `calmSpan`, no longer.
    private static let littleLoss = 0.005
    private static let calmSpan = Instant.Span.seconds(10)
    /// The end is told for so long, since each packet that tells it may get lost.
    private static let endSpan = Instant.Span.seconds(5)
    /// What a report weighs when the next one comes.
    private static let memory = 0.75
    /// Below so many packets a share means nothing.
    private static let neededPackets = 50.0
    /// Where no round trip was measured.
    private static let assumedRoundTrip = Instant.Span.milliseconds(100)
    /// Time between two requests for one packet.
    private static let requestSpan = Instant.Span.milliseconds(100)
    private static let longest = Instant.Span.milliseconds(400)
    /// Smaller changes would be seen, as the picture slows down or hurries, and help nobody.
    private static let smallestChange: UInt32 = 3
    /// 10 s, as much as receivers allow without the extension. A small one would turn on rendering without any delay.
    private static let most: UInt32 = 1_000

    private enum Phase {
        case usual
        /// `least` in units of 10 ms.
        case longer(least: UInt32)
        case ending(since: Instant)
    }

    private var phase = Phase.usual
    private var calmSince: Instant?
    // By the latest reports; older ones count less and less.
    private var packets = 0.0
    private var lost = 0.0

    package init() {}

    /// The extension's value, 24 bits: least delay and greatest delay, 12 bits each in units of 10 ms. Nil: it need not be sent.
    package var limits: UInt32? {
        switch phase {
        case .usual: nil
        case .longer(let least): least << 12 | Self.most
        case .ending: Self.most
        }
    }

    /// Takes what a receiver report says.
    /// - Parameters:
    ///   - packets: expected since the report before.
    ///   - lost: of them; negative where earlier ones came after all.
    ///   - roundTrip: nil if none was measured yet.
    package mutating func reported(packets: Int, lost: Int, roundTrip: Instant.Span?, at now: Instant) {
        guard packets > 0 else { return }
        self.packets = self.packets * Self.memory + Double(packets)
        self.lost = max(0, self.lost * Self.memory + Double(lost))
        let share = self.lost / self.packets
        calmSince = share < Self.littleLoss ? calmSince ?? now : nil
        // A single packet that got lost of a narrow stream is no lossy path.
        if share > Self.muchLoss, self.lost > 1, self.packets >= Self.neededPackets {
            lengthen(to: Self.least(roundTrip ?? Self.assumedRoundTrip))
            return
        }
        switch phase {
        case .usual: break
        case .longer: if let calmSince, now - calmSince >= Self.calmSpan { phase = .ending(since: now) }
        case .ending(let since): if now - since >= Self.endSpan { phase = .usual }
        }
    }

    private mutating func lengthen(to least: UInt32) {
        if case .longer(let present) = phase, max(present, least) - min(present, least) < Self.smallestChange { return }
        phase = .longer(least: least)
    }

    /// For a lost packet, a lost request for it and the next one, in units of 10 ms.
    private static func least(_ roundTrip: Instant.Span) -> UInt32 {
        let bounded = min(max(roundTrip, .microseconds(0)), longest)
        return UInt32(clamping: (min(bounded * 2 + requestSpan, longest).microseconds + 5_000) / 10_000)
    }
}
