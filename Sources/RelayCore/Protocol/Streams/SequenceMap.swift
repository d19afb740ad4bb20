/// Maps one source's sequence numbers and timestamps to the continuous ones of one consumer.
///
/// The consumer sees one stream: no gap in sequence numbers where the source changes, pauses, or where packets are left out on
/// purpose; a gap where packets were lost, so that it can ask for them. Across a change the timestamp moves on by the time
/// that has passed, exactly where both sources' clocks are known. With each run of packets goes what is added to their picture
/// numbers, so that a packet is resent as it was sent. Stored inline, about 2.5 KB; a packet in order costs a few additions.
package struct SequenceMap: Sendable {
    package struct Mapped: Equatable, Sendable {
        package let sequence: UInt16
        package let timestamp: UInt32
        /// For the codec's descriptor.
        package let pictures: PictureOffset

        package init(sequence: UInt16, timestamp: UInt32, pictures: PictureOffset = PictureOffset()) {
            self.sequence = sequence
            self.timestamp = timestamp
            self.pictures = pictures
        }
    }

    /// Where a packet of the consumer came from.
    package struct Origin: Equatable, Sendable {
        package let source: UInt32
        package let sequence: UInt16
        /// To be added (modulo 2^32) to the source's timestamp.
        package let timestampOffset: UInt32
        /// For the codec's descriptor, as when the packet was sent.
        package let pictures: PictureOffset

        package init(
            source: UInt32, sequence: UInt16, timestampOffset: UInt32, pictures: PictureOffset = PictureOffset()
        ) {
            self.source = source
            self.sequence = sequence
            self.timestampOffset = timestampOffset
            self.pictures = pictures
        }
    }

    /// Consecutive packets of a source that were all forwarded with one offset, or all left out.
    ///
    /// The fields stand in an order that leaves no holes: 20 bytes.
    private struct Run {
        var source: UInt32 = 0
        var timestampOffset: UInt32 = 0
        var first: UInt16 = 0
        var last: UInt16 = 0
        /// Consumer's number = source's number − offset.
        var offset: UInt16 = 0
        /// Where the run was left out: for what follows it.
        var pictures = PictureOffset()
        var isLeftOut = false

        func covers(_ source: UInt32, _ sequence: UInt16) -> Bool {
            source == self.source && sequence &- first <= last &- first
        }

        func origin(of consumerSequence: UInt16) -> Origin? {
            let original = consumerSequence &+ offset
            guard !isLeftOut, covers(source, original) else { return nil }
            return Origin(
                source: source, sequence: original, timestampOffset: timestampOffset, pictures: pictures)
        }
    }

    private static let capacity = 128
    private static let mask = capacity - 1
    /// Beyond this distance a packet is no neighbour of the others.
    private static let maximumDistance = 3000
    /// How far back a run reaches at most, and a consumer may ask.
    private static let maximumReach: UInt16 = 8192
    /// A run of up to this length needs no shortening; a longer one is shortened to `maximumReach`.
    private static var shortRun: UInt16 { 16_384 }

    // What a packet in order touches stands together, in front; what is looked up only for others comes last.

    /// The run being added to, apart from those before it: packets in order touch only this one.
    private var current = Run()
    private var newestAt = Instant.zero
    private var nextTimestamp: UInt32
    private var newestTimestamp: UInt32 = 0
    private let clockRate: UInt32
    private var nextSequence: UInt16
    private var hasBegun = false
    private var hasForwarded = false
    private var isPaused = false
    private var awaited: UInt32?
    private var awaitedPictures = PictureOffset()
    private var awaitedDistance: UInt32?
    private var strayNext: UInt16?
    private var ended = 0
    /// Runs that have ended; the newest is at `ended - 1` modulo the capacity.
    private var runs = InlineArray<128, Run>(repeating: Run())

    /// - Parameters:
    ///   - sequence: number of the consumer's first packet, random by RFC 3550 §5.1.
    ///   - timestamp: of the consumer's first packet, random as well.
    package init(sequence: UInt16, timestamp: UInt32, clockRate: UInt32) {
        nextSequence = sequence
        nextTimestamp = timestamp
        self.clockRate = clockRate
    }

    /// The source whose packets are being forwarded; nil before the first one.
    package var source: UInt32? { hasBegun ? current.source : nil }

    /// Whether `source` is the one being forwarded. (Mutating, so that nobody copies two kilobytes to ask: the answer is needed
    /// for every packet and consumer, from another module.)
    package mutating func follows(_ source: UInt32) -> Bool { hasBegun && current.source == source }

    /// The highest sequence number given out; nil before the first one.
    package var highestSequence: UInt16? { hasForwarded ? nextSequence &- 1 : nil }

    /// From the next packet of `source` on that source is forwarded; until then the one before stays. Also ends a pause. A source that
    /// is being forwarded goes on as it is.
    /// - Parameters:
    ///   - pictures: what is to be added to the picture numbers of its packets (`PictureNumbering.begin`).
    ///   - timestampDistance: what takes its timestamps to the timeline of the source before (`SenderInfo.timestampDistance`); nil: the
    ///     time that has passed tells. It is not believed where it would lead back, or further than a second from that.
    package mutating func begin(
        source: UInt32, pictures: PictureOffset = PictureOffset(), timestampDistance: UInt32? = nil
    ) {
        guard isPaused || source != self.source else {
            awaited = nil
            return
        }
        awaited = source
        awaitedPictures = pictures
        awaitedDistance = timestampDistance
    }

    /// Stops forwarding until `begin`.
    package mutating func pause() {
        isPaused = true
        awaited = nil
    }

    /// The consumer's numbers for a packet, or nil where it must not be forwarded: from a source that is not the current one, left
    /// out before, or too late to have a place.
    package mutating func forward(source: UInt32, sequence: UInt16, timestamp: UInt32, at now: Instant) -> Mapped? {
        // Nearly always: the next packet of the source that is being forwarded.
        guard hasForwarded, source == current.source, sequence == current.last &+ 1, awaited == nil, !isPaused,
            !current.isLeftOut, sequence &- current.first <= Self.shortRun
        else { return place(source: source, sequence: sequence, timestamp: timestamp, at: now) }
        strayNext = nil
        current.last = sequence
        let mapped = Mapped(
            sequence: sequence &- current.offset, timestamp: timestamp &+ current.timestampOffset,
            pictures: current.pictures)
        nextSequence = mapped.sequence &+ 1
        if Int32(bitPattern: mapped.timestamp &- newestTimestamp) > 0 {
            newestTimestamp = mapped.timestamp
            newestAt = now
        }
        return mapped
    }

    /// `forward` for whatever comes.
    @inline(never)
    private mutating func place(source: UInt32, sequence: UInt16, timestamp: UInt32, at now: Instant) -> Mapped? {
        if source == awaited, isNewInAwaited(sequence) {
            beginEpoch(source: source, sequence: sequence, timestamp: timestamp, at: now)
            return map(sequence, timestamp, current, at: now)
        }
        guard !isPaused, source == self.source else {
            return late(source: source, sequence: sequence, timestamp: timestamp)
        }
        let ahead = Int(Int16(bitPattern: sequence &- current.last))
        guard abs(ahead) <= Self.maximumDistance else {
            guard isConfirmedStray(sequence) else { return nil }
            beginEpoch(source: source, sequence: sequence, timestamp: timestamp, at: now)
            return map(sequence, timestamp, current, at: now)
        }
        strayNext = nil
        guard ahead > 0 else { return late(source: source, sequence: sequence, timestamp: timestamp) }
        continueAfterLeftOut()
        advance(to: sequence)
        return map(sequence, timestamp, current, at: now)
    }

    /// As `forward`, for the first packet after such as were left out on purpose, however many: the consumer's numbers go on without
    /// a gap, and timestamps go on as the source's. Not for packets that are late.
    package mutating func forwardAfterGap(
        source: UInt32, sequence: UInt16, timestamp: UInt32, at now: Instant
    ) -> Mapped? {
        guard hasForwarded, !isPaused, awaited == nil, source == current.source, sequence != current.last &+ 1 else {
            return forward(source: source, sequence: sequence, timestamp: timestamp, at: now)
        }
        strayNext = nil
        push(
            Run(
                source: source, timestampOffset: current.timestampOffset, first: sequence, last: sequence,
                offset: sequence &- nextSequence, pictures: current.pictures))
        return map(sequence, timestamp, current, at: now)
    }

    /// As `forward`, but the packet's timestamp, and all that follow, move to `ticks` behind the newest one given out: for what is
    /// replayed faster than it was sent. Its sequence number follows on the newest given out.
    package mutating func forward(
        source: UInt32, sequence: UInt16, timestamp: UInt32, ticksAfterNewest ticks: UInt32, at now: Instant
    ) -> Mapped? {
        guard hasForwarded, !isPaused, awaited == nil, source == current.source else {
            return forward(source: source, sequence: sequence, timestamp: timestamp, at: now)
        }
        strayNext = nil
        push(
            Run(
                source: source, timestampOffset: newestTimestamp &+ ticks &- timestamp, first: sequence,
                last: sequence, offset: sequence &- nextSequence, pictures: current.pictures))
        return map(sequence, timestamp, current, at: now)
    }

    /// Leaves a packet of the current source out, so that the consumer sees no gap. One that is late has its gap already.
    /// - Parameter pictures: what is to be added to the picture numbers of what follows (`PictureNumbering.leaveOut`); nil: as before.
    package mutating func leaveOut(source: UInt32, sequence: UInt16, pictures: PictureOffset? = nil) {
        guard !isPaused, source == self.source else { return }
        let ahead = Int(Int16(bitPattern: sequence &- current.last))
        guard ahead > 0, ahead <= Self.maximumDistance else { return }
        if current.isLeftOut, ahead == 1 {
            if let pictures { current.pictures = pictures }
            advance(to: sequence)
            return
        }
        continueAfterLeftOut()
        advance(to: sequence &- 1)
        let before = current
        nextSequence = sequence &- before.offset
        push(
            Run(
                source: source, timestampOffset: before.timestampOffset, first: sequence, last: sequence,
                offset: before.offset, pictures: pictures ?? before.pictures, isLeftOut: true))
    }

    /// Where the consumer's packet `sequence` came from; nil where it was never sent or is too long ago.
    package func origin(of sequence: UInt16) -> Origin? {
        guard hasForwarded, nextSequence &- 1 &- sequence < Self.maximumReach else { return nil }
        if let origin = current.origin(of: sequence) { return origin }
        let runs = runs.span
        for age in 0..<min(ended, Self.capacity) {
            if let origin = runs[(ended - 1 - age) & Self.mask].origin(of: sequence) { return origin }
        }
        return nil
    }

    /// As `origin`, but nil for what came before the latest change of source, pause or packet left out: within one run both sides'
    /// numbers go on together, so that the source cannot have used a number for another packet meanwhile.
    package func recentOrigin(of sequence: UInt16) -> Origin? {
        guard hasForwarded, nextSequence &- 1 &- sequence < Self.maximumReach else { return nil }
        return current.origin(of: sequence)
    }

    /// The consumer's timestamp for one of the current source, as its sender reports need it; nil before the first packet.
    package func timestamp(ofCurrentSource timestamp: UInt32) -> UInt32? {
        hasBegun ? timestamp &+ current.timestampOffset : nil
    }

    /// As `pause`; what comes next is somebody else's, even under the same SSRC. Nothing of before is found any more.
    package mutating func forgetSource() {
        pause()
        hasBegun = false
        ended = 0
        current = Run()
        current.isLeftOut = true
    }

    // MARK: Runs

    private mutating func push(_ run: Run) {
        if hasBegun {
            runs[ended & Self.mask] = current
            ended += 1
        }
        current = run
        hasBegun = true
    }

    /// Packets from before a pause are late ones, not the first of what comes after it.
    private func isNewInAwaited(_ sequence: UInt16) -> Bool {
        guard let source, source == awaited else { return true }
        let ahead = Int(Int16(bitPattern: sequence &- current.last))
        return ahead > 0 || ahead < -Self.maximumDistance
    }

    private mutating func beginEpoch(source: UInt32, sequence: UInt16, timestamp: UInt32, at now: Instant) {
        if hasForwarded {
            let elapsed = min(max((now - newestAt).microseconds, 0), 24 * 3_600_000_000)
            let ticks = elapsed / 1_000 * Int64(clockRate) / 1_000
            nextTimestamp = newestTimestamp &+ UInt32(truncatingIfNeeded: max(ticks, 1))
            if source == awaited, let awaitedDistance {
                let exact = timestamp &+ awaitedDistance &+ current.timestampOffset
                let error = Int64(Int32(bitPattern: exact &- nextTimestamp))
                if Int32(bitPattern: exact &- newestTimestamp) > 0, abs(error) <= Int64(clockRate) {
                    nextTimestamp = exact
                }
            }
        }
        push(
            Run(
                source: source, timestampOffset: nextTimestamp &- timestamp, first: sequence, last: sequence,
                offset: sequence &- nextSequence,
                pictures: source == awaited ? awaitedPictures : current.pictures))
        awaited = nil
        awaitedDistance = nil
        isPaused = false
        strayNext = nil
    }

    /// After packets left out, what follows moves up by their number.
    private mutating func continueAfterLeftOut() {
        let run = current
        guard run.isLeftOut else { return }
        let gone = run.last &- run.first &+ 1
        // Empty until `advance`: `last` just before `first`.
        push(
            Run(
                source: run.source, timestampOffset: run.timestampOffset, first: run.last &+ 1, last: run.last,
                offset: run.offset &+ gone, pictures: run.pictures))
    }

    private mutating func advance(to sequence: UInt16) {
        current.last = sequence
        let length = sequence &- current.first
        if length > Self.shortRun, length < 0x8000 { current.first = sequence &- Self.maximumReach }
    }

    private mutating func map(_ sequence: UInt16, _ timestamp: UInt32, _ run: Run, at now: Instant) -> Mapped {
        let mapped = Mapped(
            sequence: sequence &- run.offset, timestamp: timestamp &+ run.timestampOffset, pictures: run.pictures)
        nextSequence = mapped.sequence &+ 1
        if !hasForwarded || Int32(bitPattern: mapped.timestamp &- newestTimestamp) > 0 {
            newestTimestamp = mapped.timestamp
            newestAt = now
        }
        hasForwarded = true
        return mapped
    }

    /// A packet older than the newest: mapped as its neighbours were.
    private func late(source: UInt32, sequence: UInt16, timestamp: UInt32) -> Mapped? {
        if current.covers(source, sequence) { return mapLate(sequence, timestamp, current) }
        let runs = runs.span
        for age in 0..<min(ended, Self.capacity) {
            let run = runs[(ended - 1 - age) & Self.mask]
            if run.covers(source, sequence) { return mapLate(sequence, timestamp, run) }
        }
        return nil
    }

    private func mapLate(_ sequence: UInt16, _ timestamp: UInt32, _ run: Run) -> Mapped? {
        let mapped = sequence &- run.offset
        // A run of long ago may bear the same numbers.
        guard !run.isLeftOut, nextSequence &- 1 &- mapped < Self.maximumReach else { return nil }
        return Mapped(sequence: mapped, timestamp: timestamp &+ run.timestampOffset, pictures: run.pictures)
    }

    private mutating func isConfirmedStray(_ sequence: UInt16) -> Bool {
        guard strayNext == sequence else {
            strayNext = sequence &+ 1
            return false
        }
        return true
    }
}
