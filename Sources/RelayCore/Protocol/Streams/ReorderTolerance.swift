/// How late a packet may be before it counts as lost: as patient as the path was seen to need, and no more, since whoever waits in vain
/// gets the retransmission so much later.
///
/// Each packet that came late by itself moves the bounds half the way to where they would have waited for it; each second without
/// such a packet takes a quarter of the excess back. So a path that reorders often is not asked in vain, and a rare straggler costs little.
package struct ReorderTolerance: Sendable {
    private static let relaxation = Instant.Span.seconds(1)

    private let leastSpan: Double
    private let mostSpan: Double
    private let leastPackets: Double
    private let mostPackets: Double
    /// Microseconds.
    private var patience: Double
    private var overtaken: Double
    private var relaxedAt: Instant?

    /// - Parameters:
    ///   - span, packets: tolerated where no reordering was seen.
    ///   - mostSpan, mostPackets: tolerated whatever was seen.
    package init(
        span: Instant.Span = .milliseconds(10), packets: Int = 3, mostSpan: Instant.Span = .milliseconds(120),
        mostPackets: Int = 100
    ) {
        leastSpan = Double(max(span.microseconds, 0))
        self.mostSpan = max(leastSpan, Double(mostSpan.microseconds))
        leastPackets = Double(max(packets, 1))
        self.mostPackets = max(leastPackets, Double(mostPackets))
        patience = leastSpan
        overtaken = leastPackets
    }

    /// A gap is a loss once so much time has passed …
    package var span: Instant.Span { Instant.Span(microseconds: Int64(patience)) }
    /// … or a packet so much newer has come.
    package var packets: Int64 { Int64(overtaken.rounded(.up)) }

    /// A packet came by itself after all.
    /// - Parameters:
    ///   - lateBy: since it was found missing.
    ///   - packets: how much newer the newest was.
    package mutating func observed(lateBy: Instant.Span, packets: Int64, at now: Instant) {
        relaxedAt = now
        let wanted = min(max(Double(lateBy.microseconds), 0) * 1.25 + 1_000, mostSpan)
        if wanted > patience { patience += (wanted - patience) / 2 }
        let wantedPackets = min(max(Double(packets), 0) + 1, mostPackets)
        if wantedPackets > overtaken { overtaken += (wantedPackets - overtaken) / 2 }
    }

    /// Forgets a part of what was seen for each second that has passed.
    package mutating func relax(at now: Instant) {
        guard patience > leastSpan || overtaken > leastPackets else { return }
        guard let last = relaxedAt else {
            relaxedAt = now
            return
        }
        guard now - last >= Self.relaxation else { return }
        relaxedAt = now
        patience = patience - leastSpan < 500 ? leastSpan : leastSpan + (patience - leastSpan) * 0.75
        overtaken = overtaken - leastPackets < 0.1 ? leastPackets : leastPackets + (overtaken - leastPackets) * 0.75
    }
}
