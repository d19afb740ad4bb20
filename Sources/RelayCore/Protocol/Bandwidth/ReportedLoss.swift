/// The estimate for a peer that gives no transport-wide feedback: up by 8 % a second where its receiver reports tell of less than
/// 2 % loss, down by half of the loss where they tell of more than 10 % (draft-ietf-rmcat-gcc-02 §6), and never above its REMB.
struct ReportedLoss {
    private static let low = 0.02
    private static let high = 0.1
    private static let trustSpan = Instant.Span.seconds(5)
    private static let decreaseSpan = Instant.Span.milliseconds(300)
    /// Below so many packets a share means nothing.
    private static let neededPackets = 20

    private(set) var estimate: DataRate
    private let minimum: DataRate
    private let maximum: DataRate
    private var packets = 0
    private var lost = 0
    private var increasedAt: Instant?
    private var decreasedAt: Instant?

    init(start: DataRate, minimum: DataRate, maximum: DataRate) {
        self.minimum = minimum
        self.maximum = max(minimum, maximum)
        estimate = min(max(start, minimum), max(minimum, maximum))
    }

    /// The receiver believes to be able to receive so much: right, as long as little gets lost.
    mutating func trust(_ rate: DataRate, at now: Instant) {
        guard rate > estimate, decreasedAt.map({ now - $0 > Self.trustSpan }) ?? true else { return }
        estimate = min(rate, maximum)
    }

    /// What receiver reports about one or more streams say.
    /// - Parameters:
    ///   - packets: expected since the reports before.
    ///   - lost: of them.
    ///   - sending: at present; the estimate does not grow beyond 1.5 times that.
    mutating func add(
        packets: Int, lost: Int, sending: DataRate, roundTrip: Instant.Span, at now: Instant
    ) {
        self.packets += min(max(packets, 0), 1_000_000)
        self.lost += min(max(lost, 0), 1_000_000)
        guard self.packets >= Self.neededPackets else { return }
        let share = Double(self.lost) / Double(self.packets)
        self.packets = 0
        self.lost = 0
        if share > Self.high {
            increasedAt = nil
            guard decreasedAt.map({ now - $0 >= Self.decreaseSpan + roundTrip }) ?? true else { return }
            decreasedAt = now
            estimate = max(estimate * (1 - 0.5 * min(share, 1)), minimum)
        } else if share <= Self.low {
            let elapsed = min(max((now - (increasedAt ?? now)).seconds, 0), 2)
            increasedAt = now
            let limit = max(sending * 1.5 + .kilobitsPerSecond(10), estimate)
            let grown = estimate * (1 + 0.08 * elapsed) + DataRate(bitsPerSecond: 1_000 * elapsed)
            estimate = min(grown, limit, maximum)
        }
    }
}
