import RelayProtocol

/// A TCP connection through the same link: Cubic's window (RFC 9438) with its Reno-friendly region, selective acknowledgements, and no
/// delayed ones. Times and losses are those of the link; what is left out is the handshake and everything about the receiver's window.
final class SimulatedTransfer {
    private static let segment = 1_500
    private static let cubic = 0.4
    private static let backOff = 0.7

    let link: SimulatedLink
    private var flow = SimulatedLink.Flow()
    private let returnDelay: Instant.Span
    /// Segments still to be sent; nil: no end.
    private(set) var left: Int?
    private(set) var deliveredBytes = 0

    /// Segments.
    private var window = 10.0
    private var threshold = Double.infinity
    private var inFlight = 0
    private var windowBeforeLoss = 0.0
    private var lostAt: Instant?
    private var renoWindow = 0.0
    /// A loss of what was sent before this is part of the one before.
    private var recoverUntil = Instant.zero
    private var events: [Int64: [Event]] = [:]

    private struct Event {
        var isLost: Bool
        var sentAt: Instant
    }

    init(over link: SimulatedLink, bytes: Int? = nil, returnDelay: Instant.Span = .milliseconds(50)) {
        self.link = link
        self.returnDelay = returnDelay
        left = bytes.map { max($0 / Self.segment, 1) }
    }

    var isDone: Bool { left == 0 && inFlight == 0 }

    /// One millisecond.
    func step(_ millisecond: Int64) {
        let now = Instant.zero + .milliseconds(millisecond)
        for event in events.removeValue(forKey: millisecond) ?? [] {
            inFlight -= 1
            if event.isLost { lost(event, at: now) } else { acknowledged(event, at: now) }
        }
        while left ?? 1 > 0, Double(inFlight) < window { send(at: now) }
    }

    private func send(at now: Instant) {
        let wait = link.waiting(at: now)
        let arrival = link.send(bytes: Self.segment, of: &flow, at: now)
        // Where it is lost, what comes behind it says so.
        let heard = (arrival ?? now + wait + link.conditions.delay) + returnDelay
        let due = max((heard.microseconds + 999) / 1_000, now.milliseconds + 1)
        events[due, default: []].append(Event(isLost: arrival == nil, sentAt: now))
        inFlight += 1
        if let left { self.left = left - 1 }
    }

    private func acknowledged(_ event: Event, at now: Instant) {
        deliveredBytes += Self.segment
        if window < threshold {
            window += 1
            return
        }
        guard let lostAt else { return }
        let roundTrip = max((now - event.sentAt).seconds, 0.001)
        renoWindow += 3 * (1 - Self.backOff) / (1 + Self.backOff) / window
        let whole = ((windowBeforeLoss * (1 - Self.backOff)) / Self.cubic).cubeRoot
        let time = (now - lostAt).seconds + roundTrip - whole
        let target = min(Self.cubic * time * time * time + windowBeforeLoss, 1.5 * window)
        window = max(window + max(target - window, 0) / window, renoWindow)
    }

    private func lost(_ event: Event, at now: Instant) {
        if let left { self.left = left + 1 }
        guard event.sentAt >= recoverUntil else { return }
        recoverUntil = now
        // Gives up more where it had not got back to where it was (fast convergence).
        windowBeforeLoss = window < windowBeforeLoss ? window * (1 + Self.backOff) / 2 : window
        window = max(window * Self.backOff, 2)
        threshold = window
        renoWindow = window
        lostAt = now
    }
}

extension Double {
    fileprivate var cubeRoot: Double {
        var root = max(self, 1) / 3 + 1
        for _ in 0..<40 { root -= (root * root * root - self) / (3 * root * root) }
        return max(root, 0)
    }
}

extension Instant {
    fileprivate var milliseconds: Int64 { microseconds / 1_000 }
}
