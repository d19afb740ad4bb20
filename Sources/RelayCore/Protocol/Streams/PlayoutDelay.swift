internal import Glibc

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
    /// What was reported so long ago counts half.
    private static let halfLife = Instant.Span.milliseconds(2_400)
    /// Below so many packets a share means nothing. A first picture has more, and what is known before it is shown holds from the
    /// start: later, a browser's own delay grows by 100 ms in a second.
    private static let neededPackets = 30.0
    /// Where no round trip was measured.
    private static let assumedRoundTrip = Instant.Span.milliseconds(100)
    /// Time between two requests for one packet.
    private static let requestSpan = Instant.Span.milliseconds(100)
    private static let longest = Instant.Span.milliseconds(400)
    /// Smaller changes would be seen, as the picture slows down or hurries, and help nobody.
    private static let smallestChange: UInt32 = 3
    /// A receiver heeds a new bound at once: larger steps would make it stand still for as long. It starts with what one needs anyway.
    private static let firstStep: UInt32 = 5
    private static let largestStep: UInt32 = 5
    /// For 10 ms more.
    private static let stepSpan = Instant.Span.milliseconds(40)
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
    /// On the way to what is aimed at: how much of it is told, in units of 10 ms, and since when.
    private var told: (least: UInt32, since: Instant)?
    // By the latest reports; older ones count less and less.
    private var reportedAt: Instant?
    private var packets = 0.0
    private var lost = 0.0

    package init() {}

    /// The extension's value, 24 bits: least delay and greatest delay, 12 bits each in units of 10 ms. Nil: it need not be sent.
    package var limits: UInt32? {
        switch phase {
        case .usual: nil
        case .longer: (told?.least ?? Self.firstStep) << 12 | Self.most
        case .ending: Self.most
        }
    }

    /// Takes what a report says: transport-wide feedback, or where there is none, a receiver report.
    /// - Parameters:
    ///   - packets: that it is the first to tell of.
    ///   - lost: of them; negative where earlier ones came after all.
    ///   - roundTrip: nil if none was measured yet.
    package mutating func reported(packets: Int, lost: Int, roundTrip: Instant.Span?, at now: Instant) {
        guard packets > 0 else { return }
        let memory = reportedAt.map { exp2(-Double((now - $0).microseconds) / Double(Self.halfLife.microseconds)) } ?? 0
        reportedAt = now
        self.packets = self.packets * memory + Double(packets)
        self.lost = max(0, self.lost * memory + Double(lost))
        let share = self.lost / self.packets
        calmSince = share < Self.littleLoss ? calmSince ?? now : nil
        // A single packet that got lost of a narrow stream is no lossy path.
        if share > Self.muchLoss, self.lost > 1, self.packets >= Self.neededPackets {
            lengthen(to: Self.least(roundTrip ?? Self.assumedRoundTrip))
            approach(at: now)
            return
        }
        switch phase {
        case .usual: break
        case .longer:
            approach(at: now)
            if let calmSince, now - calmSince >= Self.calmSpan {
                phase = .ending(since: now)
                told = nil
            }
        case .ending(let since): if now - since >= Self.endSpan { phase = .usual }
        }
    }

    private mutating func lengthen(to least: UInt32) {
        if case .longer(let present) = phase, max(present, least) - min(present, least) < Self.smallestChange { return }
        phase = .longer(least: least)
    }

    /// Tells a little more of what is aimed at.
    private mutating func approach(at now: Instant) {
        guard case .longer(let aim) = phase else { return }
        guard let told, told.least < aim else {
            self.told = (min(aim, told?.least ?? Self.firstStep), now)
            return
        }
        let steps = UInt32(clamping: (now - told.since).microseconds / Self.stepSpan.microseconds)
        guard steps > 0 else { return }
        self.told = (
            min(aim, told.least + min(steps, Self.largestStep)), told.since + Self.stepSpan * Int64(steps)
        )
    }

    /// For a lost packet, a lost request for it and the next one, in units of 10 ms.
    private static func least(_ roundTrip: Instant.Span) -> UInt32 {
        let bounded = min(max(roundTrip, .microseconds(0)), longest)
        return UInt32(clamping: (min(bounded * 2 + requestSpan, longest).microseconds + 5_000) / 10_000)
    }
}
