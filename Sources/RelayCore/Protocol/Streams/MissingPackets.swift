/// The packets of one incoming stream that are missing, and when to ask the sender for them again (RFC 4585 generic NACK).
///
/// A gap is asked about once it has outlived the reordering that this path was seen to do, then again about every round trip with
/// growing pauses, until the packet comes or the tries or its age are used up; then only a keyframe helps. Allocates at creation only.
package final class MissingPackets {
    package struct Settings: Sendable {
        /// Packets missing at once; a longer gap is not worth filling.
        package var capacity = 512
        /// Sequence numbers in one answer of `poll`: what fits a NACK of 1000 bytes at worst.
        package var maximumPerRequest = 240
        /// When a gap is a loss.
        package var reordering = ReorderTolerance()
        package var maximumTries = 10
        /// At least this, and at least three round trips.
        package var maximumAge = Instant.Span.seconds(1)
        package var initialRoundTrip = Instant.Span.milliseconds(100)
        package var minimumRetry = Instant.Span.milliseconds(20)
        package var maximumRetry = Instant.Span.milliseconds(500)

        package init() {}
    }

    /// What a packet was to the list.
    package enum Arrival: Equatable {
        /// Newer than everything before.
        case new
        /// It had been asked for.
        case recovered
        /// Late, and not because it was asked for.
        case reordered
        /// Known, given up, or from before the list began.
        case duplicate
        /// Far from everything else; believed only when its successor follows.
        case stray
    }

    /// What to do now.
    package struct Due {
        /// Ascending; memory of the list, valid until the next call of any method.
        package let sequences: UnsafeBufferPointer<UInt16>
        /// Something was given up since the last poll: video needs a keyframe.
        package let needsKeyframe: Bool
    }

    package struct Counts: Equatable, Sendable {
        /// Requests for a packet, repetitions included.
        package var requested: UInt64 = 0
        package var recovered: UInt64 = 0
        package var reordered: UInt64 = 0
        package var abandoned: UInt64 = 0
        /// Packets that were asked for and yet came by themselves.
        package var needless: UInt64 = 0
        package var duplicates: UInt64 = 0
    }

    private struct Entry {
        var sequence: Int64
        var missedAt: Instant
        var nextAt: Instant
        var firstAskedAt: Instant
        var tries: Int
        var isLoss: Bool
    }

    private let settings: Settings
    private let entries: UnsafeMutablePointer<Entry>
    private let requests: UnsafeMutablePointer<UInt16>
    /// Entries in use, ascending by sequence.
    package private(set) var count = 0
    package private(set) var counts = Counts()
    /// From requests to arrivals, or as told by `measured(roundTrip:)`.
    package private(set) var roundTrip: Instant.Span
    /// How far samples of it lie apart on average.
    package private(set) var variation = Instant.Span(microseconds: 0)
    /// As the path was seen to need it.
    package private(set) var reordering: ReorderTolerance
    /// When to call `poll` next; nil while nothing is missing. It may come early, never late.
    package private(set) var deadline: Instant?

    private var newest: Int64?
    private var strayNext: UInt16?
    private var needsKeyframe = false

    package init(_ settings: Settings = Settings()) {
        var settings = settings
        settings.capacity = min(max(settings.capacity, 1), 8192)
        settings.maximumPerRequest = min(max(settings.maximumPerRequest, 1), settings.capacity)
        self.settings = settings
        roundTrip = settings.initialRoundTrip
        reordering = settings.reordering
        entries = .allocate(capacity: settings.capacity)
        requests = .allocate(capacity: settings.maximumPerRequest)
    }

    deinit {
        entries.deallocate()
        requests.deallocate()
    }

    /// Notes a packet, whether it came by itself or as a retransmission (then with its original sequence number).
    /// - Parameter isOriginal: it surely is no retransmission, since those have an SSRC of their own here.
    package func received(_ sequence: UInt16, isOriginal: Bool = false, at now: Instant) -> Arrival {
        guard let newest else {
            newest = Int64(sequence)
            return .new
        }
        let distance = Int64(Int16(bitPattern: sequence &- UInt16(truncatingIfNeeded: newest)))
        guard distance.magnitude <= UInt64(settings.capacity) else { return stray(sequence, at: now) }
        strayNext = nil
        guard distance > 0 else { return late(newest + distance, isOriginal: isOriginal, at: now) }
        reordering.relax(at: now)
        for missing in (newest + 1)..<(newest + distance) { append(missing, at: now) }
        self.newest = newest + distance
        confirmLosses(at: now)
        return .new
    }

    /// What to ask for at `now`. Where more is due than one request holds, `deadline` stays in the past: poll again.
    package func poll(at now: Instant) -> Due {
        var asked = 0
        var kept = 0
        var next: Instant?
        if let deadline, deadline <= now {
            let limit = max(settings.maximumAge, Instant.Span(microseconds: roundTrip.microseconds &* 3))
            for index in 0..<count {
                var entry = entries[index]
                if now - entry.missedAt > limit || (entry.tries >= settings.maximumTries && entry.nextAt <= now) {
                    abandon()
                    continue
                }
                if entry.nextAt <= now, asked < settings.maximumPerRequest {
                    requests[asked] = UInt16(truncatingIfNeeded: entry.sequence)
                    asked += 1
                    ask(&entry, at: now)
                }
                next = min(next ?? entry.nextAt, entry.nextAt)
                entries[kept] = entry
                kept += 1
            }
            count = kept
            self.deadline = next
        }
        defer { needsKeyframe = false }
        return Due(sequences: UnsafeBufferPointer(start: requests, count: asked), needsKeyframe: needsKeyframe)
    }

    /// Forgets what is older than `sequence`: a keyframe begins there, and nobody needs what came before.
    package func forget(before sequence: UInt16) {
        guard let newest else { return }
        let limit = newest + Int64(Int16(bitPattern: sequence &- UInt16(truncatingIfNeeded: newest)))
        var old = 0
        while old < count, entries[old].sequence < limit { old += 1 }
        remove(first: old)
        needsKeyframe = false
    }

    /// Takes note of a round trip measured by reports: until something was recovered it is all that is known, after that a lower
    /// bound, since a retransmission may have to wait at the sender besides.
    package func measured(roundTrip span: Instant.Span) {
        guard span.microseconds >= 0 else { return }
        let span = min(span, .seconds(10))
        if counts.recovered == 0 {
            roundTrip = span
        } else if span > roundTrip {
            roundTrip = Instant.Span(microseconds: roundTrip.microseconds + (span - roundTrip).microseconds / 8)
        }
    }

    // MARK: Bookkeeping

    private func append(_ sequence: Int64, at now: Instant) {
        if count == settings.capacity {
            remove(first: 1)
            abandon()
        }
        let next = now + reordering.span
        entries[count] = Entry(
            sequence: sequence, missedAt: now, nextAt: next, firstAskedAt: now, tries: 0, isLoss: false)
        count += 1
        deadline = min(deadline ?? next, next)
    }

    /// Gaps that so many newer packets have overtaken are losses, however little time has passed.
    private func confirmLosses(at now: Instant) {
        guard let newest else { return }
        var index = count - 1
        while index >= 0, !entries[index].isLoss {
            if newest - entries[index].sequence >= reordering.packets {
                entries[index].isLoss = true
                entries[index].nextAt = min(entries[index].nextAt, now)
                deadline = min(deadline ?? now, now)
            }
            index -= 1
        }
    }

    private func ask(_ entry: inout Entry, at now: Instant) {
        if entry.tries == 0 { entry.firstAskedAt = now }
        entry.isLoss = true
        // An answer that takes a little longer than usual is worth waiting for; half as long again after every try.
        let patience = Instant.Span(microseconds: roundTrip.microseconds &+ variation.microseconds &* 2)
        var pause = max(patience, settings.minimumRetry).microseconds
        for _ in 0..<entry.tries where pause < settings.maximumRetry.microseconds { pause &+= pause / 2 }
        // A round trip longer than the cap still deserves its answer before the next request.
        let cap = max(settings.maximumRetry, patience)
        entry.nextAt = now + min(Instant.Span(microseconds: pause), cap)
        entry.tries += 1
        counts.requested &+= 1
    }

    private func late(_ sequence: Int64, isOriginal: Bool, at now: Instant) -> Arrival {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].sequence < sequence { low = middle + 1 } else { high = middle }
        }
        guard low < count, entries[low].sequence == sequence else {
            counts.duplicates &+= 1
            return .duplicate
        }
        let entry = entries[low]
        (entries + low).update(from: entries + low + 1, count: count - low - 1)
        count -= 1
        if count == 0 { deadline = needsKeyframe ? .zero : nil }
        guard entry.tries > 0, !isOriginal else {
            counts.reordered &+= 1
            if entry.tries > 0 { counts.needless &+= 1 }
            reordering.observed(
                lateBy: now - entry.missedAt, packets: (newest ?? sequence) - sequence, at: now)
            return .reordered
        }
        counts.recovered &+= 1
        learnRoundTrip(from: entry, at: now)
        return .recovered
    }

    /// After several requests it is unknown which one was answered. Counted from the first, the sample is too long rather than
    /// too short, so it weighs less: an estimate that was far too short grows until the first request is answered in time.
    private func learnRoundTrip(from entry: Entry, at now: Instant) {
        let sample = min(max((now - entry.firstAskedAt).microseconds, 0), 10_000_000)
        let error = sample &- roundTrip.microseconds
        if entry.tries == 1, counts.recovered > 1 {
            variation = Instant.Span(microseconds: variation.microseconds &+ (abs(error) &- variation.microseconds) / 4)
        }
        roundTrip = Instant.Span(microseconds: roundTrip.microseconds &+ error / (entry.tries == 1 ? 8 : 16))
    }

    /// The source has jumped, or one packet is garbage: two in a row decide.
    private func stray(_ sequence: UInt16, at now: Instant) -> Arrival {
        guard strayNext == sequence else {
            strayNext = sequence &+ 1
            return .stray
        }
        strayNext = nil
        newest = Int64(sequence)
        count = 0
        deadline = now
        needsKeyframe = true
        return .new
    }

    private func abandon() {
        counts.abandoned &+= 1
        needsKeyframe = true
        // Nothing more to ask for perhaps, but the caller has to hear of it.
        deadline = deadline ?? .zero
    }

    private func remove(first old: Int) {
        guard old > 0 else { return }
        entries.update(from: entries + old, count: count - old)
        count -= old
        if count == 0 { deadline = needsKeyframe ? .zero : nil }
    }
}
