/// Notes when the packets of a transport arrive, by their transport-wide sequence numbers, and reports that to the sender
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01).
///
/// Reports leave every 50 to 250 ms, so that they take about a twentieth of the rate that arrives, and at once when many packets are
/// waiting. A packet that arrives after it was reported lost is reported again, together with those after it. Allocates at
/// creation only.
package final class TransportFeedback {
    package struct Settings: Sendable {
        package var shortestInterval = Instant.Span.milliseconds(50)
        package var longestInterval = Instant.Span.milliseconds(250)
        /// Before it is known how much arrives.
        package var firstInterval = Instant.Span.milliseconds(100)
        /// Of the rate that arrives: what reports may take.
        package var share = 0.05
        /// A report is due at once when so many packets wait for it.
        package var maximumPending = 200
        /// Sequence numbers remembered, reported ones included; rounded up to a power of two.
        package var capacity = 2048

        package init() {}
    }

    private static let notReceived = Int64.min
    private static let ticksPerReference: Int64 = 256
    private static let tickMicroseconds: Int64 = 250
    /// Of a report: IP and UDP headers, those of RTCP, SRTCP's index and tag; and of each packet that it reports about.
    private static let reportBytes = 28.0 + 20 + 14
    private static let statusBytes = 1.3
    private static let shortestMeasure = Instant.Span.milliseconds(20)

    private let settings: Settings
    private let capacity: Int64
    /// Arrival in ticks of 250 µs by sequence number modulo the capacity.
    private let arrivals: UnsafeMutablePointer<Int64>
    private let symbols: UnsafeMutablePointer<UInt8>
    private let deltas: UnsafeMutablePointer<Int16>
    /// Extended sequence number of the first packet to report, and the one after the newest.
    private var next: Int64 = 0
    private var end: Int64 = 0
    private var hasBegun = false
    private var strayNext: UInt16?
    private var pending = 0
    private var feedbackCount: UInt8 = 0
    private var interval: Instant.Span
    /// What arrived since the last report.
    private var arrivedBytes = 0
    private var measuredFrom: Instant?
    private var rate: Double?

    /// When to call `poll` next; nil while there is nothing to report.
    package private(set) var deadline: Instant?

    package init(_ settings: Settings = Settings()) {
        self.settings = settings
        let capacity = powerOfTwo(atLeast: min(max(settings.capacity, 64), 16_384))
        self.capacity = Int64(capacity)
        interval = settings.firstInterval
        arrivals = .allocate(capacity: capacity)
        arrivals.initialize(repeating: Self.notReceived, count: capacity)
        symbols = .allocate(capacity: capacity)
        deltas = .allocate(capacity: capacity)
    }

    deinit {
        arrivals.deallocate()
        symbols.deallocate()
        deltas.deallocate()
    }

    /// Notes a packet.
    /// - Parameter bytes: of the whole datagram, or about as many.
    package func received(sequence: UInt16, bytes: Int = 1_000, at now: Instant) {
        arrivedBytes &+= bytes
        if measuredFrom == nil { measuredFrom = now }
        guard hasBegun else { return restart(at: sequence, now) }
        let newest = end - 1
        let distance = Int64(Int16(bitPattern: sequence &- UInt16(truncatingIfNeeded: newest)))
        guard distance < capacity, distance > -capacity else {
            // The sender has begun anew, or this is garbage: the packet after it decides.
            guard strayNext == sequence else {
                strayNext = sequence &+ 1
                return
            }
            return restart(at: sequence, now)
        }
        strayNext = nil
        let extended = newest + distance
        if distance > 0 {
            for skipped in end...extended { arrivals[index(skipped)] = Self.notReceived }
            end = extended + 1
            // What has fallen out of memory cannot be reported any more.
            next = max(next, end - capacity)
        } else if distance < -capacity / 4 || arrivals[index(extended)] != Self.notReceived {
            // Known, or so late that reporting all that came since once more is worth less than it costs.
            return
        }
        note(extended, at: now)
    }

    /// Writes the reports that are due as further packets of `writer`. What does not fit stays due.
    /// - Returns: how many were written.
    package func poll(at now: Instant, sender: UInt32, media: UInt32, into writer: inout RTCPWriter) -> Int {
        guard let due = deadline, due <= now else { return 0 }
        adaptInterval(at: now)
        var written = 0
        while next < end {
            if report(sender, media, &writer) {
                written += 1
            } else if writer.isEmpty, skipLosses() {
                continue
            } else {
                break
            }
        }
        if next < end {
            deadline = now
        } else {
            pending = 0
            deadline = nil
        }
        return written
    }

    // MARK: Bookkeeping

    private func index(_ extended: Int64) -> Int { Int(extended & (capacity - 1)) }

    private func restart(at sequence: UInt16, _ now: Instant) {
        arrivals.update(repeating: Self.notReceived, count: Int(capacity))
        hasBegun = true
        strayNext = nil
        // Far enough from zero for earlier packets that come late.
        next = Int64(sequence) + 0x1_0000
        end = next + 1
        pending = 0
        note(next, at: now)
    }

    private func note(_ extended: Int64, at now: Instant) {
        arrivals[index(extended)] = now.microseconds / Self.tickMicroseconds
        next = min(next, extended)
        pending += 1
        if pending >= settings.maximumPending {
            deadline = min(deadline ?? now, now)
        } else if deadline == nil {
            deadline = now + interval
        }
    }

    /// So long that a report takes its share of what arrives meanwhile.
    private func adaptInterval(at now: Instant) {
        guard let since = measuredFrom, now - since >= Self.shortestMeasure else { return }
        let elapsed = (now - since).seconds
        let latest = Double(arrivedBytes) / elapsed
        let smoothed = rate.map { ($0 + latest) / 2 } ?? latest
        rate = smoothed
        let report = Self.reportBytes + Self.statusBytes * Double(pending)
        let seconds = min(report / max(smoothed * settings.share, 1), 1)
        interval = min(
            max(.microseconds(Int64(seconds * 1_000_000)), settings.shortestInterval), settings.longestInterval)
        arrivedBytes = 0
        measuredFrom = now
    }

    /// Gives up reporting losses that leave no room for a packet received, even alone in a datagram.
    private func skipLosses() -> Bool {
        let start = next
        while next < end, arrivals[index(next)] == Self.notReceived { next += 1 }
        return next > start
    }

    /// Writes one packet from `next` on, as long as it fits, and moves `next` past it.
    private func report(_ sender: UInt32, _ media: UInt32, _ writer: inout RTCPWriter) -> Bool {
        var reference: Int64 = 0
        var previous: Int64 = 0
        var received = 0
        var bytes = RTCPWriter.feedbackHeader + 3
        var count = 0
        /// Statuses up to and with the last packet received; a report never ends in losses.
        var useful = 0
        while next + Int64(count) < end {
            let arrival = arrivals[index(next + Int64(count))]
            bytes += count % 7 == 0 ? 2 : 0
            if arrival == Self.notReceived {
                symbols[count] = StatusChunk.notReceived
            } else {
                if received == 0 {
                    reference = arrival >> 8
                    previous = reference * Self.ticksPerReference
                }
                guard let delta = Int16(exactly: arrival - previous) else { break }
                symbols[count] = delta >= 0 && delta <= 255 ? StatusChunk.small : StatusChunk.large
                bytes += Int(symbols[count])
                guard bytes <= writer.room else { break }
                deltas[received] = delta
                received += 1
                previous = arrival
                useful = count + 1
            }
            guard bytes <= writer.room else { break }
            count += 1
        }
        guard useful > 0,
            writer.transportFeedback(
                sender: sender, media: media, baseSequence: UInt16(truncatingIfNeeded: next),
                referenceTime: UInt32(truncatingIfNeeded: reference), feedbackCount: feedbackCount,
                symbols: UnsafeBufferPointer(start: symbols, count: useful),
                deltas: UnsafeBufferPointer(start: deltas, count: received))
        else { return false }
        feedbackCount &+= 1
        next += Int64(useful)
        return true
    }
}
