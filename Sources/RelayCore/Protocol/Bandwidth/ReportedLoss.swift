/// The estimate for a peer that gives no transport-wide feedback: up by 8 % a second where its receiver reports tell of less than
/// 2 % loss, down by half of the loss where they tell of more than 10 % (draft-ietf-rmcat-gcc-02 §6), and never above its REMB.
///
/// It does not grow far beyond what is sent, but for who wants more: else a video that is held back would stay away for ever. Where that
/// turns out to have been too much, it waits longer before the next time.
struct ReportedLoss {
    private static let low = 0.02
    private static let high = 0.1
    private static let trustSpan = Instant.Span.seconds(5)
    private static let decreaseSpan = Instant.Span.milliseconds(300)
    /// Without loss, before more is tried than is being sent; twice as long each time that it fails.
    private static let shortestPatience = Instant.Span.seconds(2)
    private static let longestPatience = Instant.Span.seconds(60)
    /// Loss so soon after has come of trying.
    private static let trialSpan = Instant.Span.seconds(30)
    /// Who sends more than this, and is told nothing, does not know whether it arrives.
    private static let trickle = DataRate.kilobitsPerSecond(20)
    private static let reportSpan = Instant.Span.seconds(5)
    /// Of what is wanted: room for steps to be taken.
    private static let headroom = 1.5
    private static let leastGrowth = 5_000.0
    /// Below so many packets a share means nothing.
    private static let neededPackets = 20

    private(set) var estimate: DataRate
    private let minimum: DataRate
    private let maximum: DataRate
    private var packets = 0
    private var lost = 0
    private var increasedAt: Instant?
    private var decreasedAt: Instant?
    /// When more than a little was lost.
    private var lostAt: Instant?
    private var reportedAt: Instant?
    private var patience = Self.shortestPatience

    init(start: DataRate, minimum: DataRate, maximum: DataRate) {
        self.minimum = minimum
        self.maximum = max(minimum, maximum)
        estimate = min(max(start, minimum), max(minimum, maximum))
    }

    /// Goes on from what is known of the path otherwise.
    mutating func restart(at rate: DataRate) { self = Self(start: rate, minimum: minimum, maximum: maximum) }

    /// Tries more, as time goes by, where more is wanted than could be sent.
    /// - Parameter wanted: nil: nobody says.
    mutating func poll(wanted: DataRate?, sending: DataRate, at now: Instant) {
        guard let wanted, wanted * Self.headroom > estimate, lostAt.map({ now - $0 > patience }) ?? true,
            sending < Self.trickle || reportedAt.map({ now - $0 < Self.reportSpan }) ?? false
        else { return }
        grow(to: wanted * Self.headroom, atLeast: Self.leastGrowth, at: now)
    }

    /// - Parameter least: bits per second and second.
    private mutating func grow(to limit: DataRate, atLeast least: Double, at now: Instant) {
        let elapsed = min(max((now - (increasedAt ?? now)).seconds, 0), 2)
        increasedAt = now
        let grown = estimate * (1 + 0.08 * elapsed) + DataRate(bitsPerSecond: least * elapsed)
        estimate = min(grown, max(limit, estimate), maximum)
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
    ///   - sending: at present; without more being wanted the estimate does not grow beyond 1.5 times that.
    mutating func add(
        packets: Int, lost: Int, sending: DataRate, roundTrip: Instant.Span, at now: Instant
    ) {
        self.packets += min(max(packets, 0), 1_000_000)
        self.lost += min(max(lost, 0), 1_000_000)
        reportedAt = now
        guard self.packets >= Self.neededPackets else { return }
        let share = Double(self.lost) / Double(self.packets)
        self.packets = 0
        self.lost = 0
        if share > Self.low {
            if let lostAt, now - lostAt > patience {
                let isTrial = now - lostAt < patience + Self.trialSpan
                patience =
                    isTrial
                    ? min(patience + patience, Self.longestPatience) : Self.shortestPatience
            }
            lostAt = now
        }
        if share > Self.high {
            increasedAt = nil
            guard decreasedAt.map({ now - $0 >= Self.decreaseSpan + roundTrip }) ?? true else { return }
            decreasedAt = now
            estimate = max(estimate * (1 - 0.5 * min(share, 1)), minimum)
        } else if share <= Self.low {
            grow(to: sending * 1.5 + .kilobitsPerSecond(10), atLeast: 1_000, at: now)
        }
    }
}
