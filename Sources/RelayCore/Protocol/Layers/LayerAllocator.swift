/// Decides which layers of each video one subscriber gets. Sans-IO: call it ten times a second, and when something that it is told
/// has changed.
///
/// - A step down is taken at once, straight to what fits, when what is sent exceeds the budget by 15 %, or by 3 % for three seconds;
///   only that a step up is given a second and a half to settle.
/// - A step up is taken when it has fitted with a margin for a while, several at once if they fit. How long and with what margin
///   says `LayerCaution`.
/// - A video that is new, or that has lost its encoding, gets what fits at once.
/// - A video gives up something for another only where the other is due for more.
package struct LayerAllocator {
    private static let tolerance = 1.15
    private static let lastingTolerance = 1.03
    private static let lastingSpan = Instant.Span.seconds(3)
    /// How long not even the lowest steps have to fit until videos are left out; the shorter one where they take more than twice
    /// the budget.
    private static let pausePatience = Instant.Span.milliseconds(1_500)
    private static let shortPausePatience = Instant.Span.milliseconds(300)
    /// What is sent, as a multiple of the budget.
    private static let deepFall = 2.0
    private static let shareAfterFall = 0.7
    private static let startSpan = Instant.Span.seconds(4)
    private static let wishSpan = Instant.Span.seconds(2)
    /// More than the margin, so that an estimate that stops at what is wanted is enough.
    private static let reserve = 1.05

    /// What is remembered of a video from call to call.
    private struct Standing {
        var id: UInt64
        var wish: VideoDemand.Wish
        /// It was sent since it came or was last paused by its subscriber.
        var hasBeenSent: Bool
        var eagerUntil: Instant
        /// A better step that has fitted since.
        var candidate: LayerChoice?
        var candidateSince = Instant.zero
    }

    /// What the videos and the room for steps up would take if everybody got the best that is asked for: what the caller's estimator
    /// should look for, with audio added.
    package private(set) var wanted = DataRate.zero
    /// When `allocate` should be called again even if nothing changes; nil: no need.
    package private(set) var deadline: Instant?

    private var standings: ContiguousArray<Standing> = []
    private var division = LayerDivision()
    private var caution = LayerCaution()
    private var exceededSince: Instant?
    private var starvedSince: Instant?
    /// The result in the making: positions as in `LayerDivision.Video`.
    private var result: ContiguousArray<Int> = []
    /// Better positions that may be taken now.
    private var due: ContiguousArray<Int?> = []

    package init() {}

    /// - Parameters:
    ///   - budget: video's part of the estimate.
    ///   - videos: all of the subscriber's, in an order that stays the same: among equals the first is the more important.
    /// - Returns: for each video what to send; nil: nothing. What differs from `current` is a change to be made.
    /// - Complexity: O(videos × steps).
    package mutating func allocate(_ budget: DataRate, videos: [VideoDemand], at now: Instant) -> [LayerChoice?] {
        deadline = nil
        caution.update(at: now)
        if videos.contains(where: \.isChanging) { caution.isWaiting(at: now) }
        load(videos, at: now)
        wanted = DataRate(bitsPerSecond: division.best * (1 + caution.margin) * Self.reserve)
        let budget = Double(budget.bitsPerSecond)
        let spent = division.spent
        result.removeAll(keepingCapacity: true)
        for video in division.videos { result.append(video.current) }
        if isExceeded(budget, by: spent, at: now) {
            lower(to: budget, at: now)
        } else {
            starvedSince = nil
            raise(within: max(budget, spent), spent: spent, videos, at: now)
        }
        return choices(videos)
    }

    // MARK: What there is

    private mutating func load(_ videos: [VideoDemand], at now: Instant) {
        recognize(videos, at: now)
        division.removeAll()
        for (index, demand) in videos.enumerated() {
            division.add(demand, isNew: !standings[index].hasBeenSent, margin: 1 + caution.margin)
            // Its encoding is gone: the way back up should not take longer than at the start.
            if demand.current != nil, division.videos[index].isNew {
                standings[index].eagerUntil = now + Self.startSpan
            }
        }
        division.sortByImportance()
    }

    private mutating func recognize(_ videos: [VideoDemand], at now: Instant) {
        let isSame = videos.count == standings.count && zip(videos, standings).allSatisfy { $0.id == $1.id }
        if !isSame {
            let known = Dictionary(standings.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            standings = ContiguousArray(
                videos.map { known[$0.id] ?? Standing(id: $0.id, wish: $0.wish, hasBeenSent: false, eagerUntil: now) })
        }
        for (index, demand) in videos.enumerated() {
            if demand.isPaused {
                standings[index].hasBeenSent = false
            } else if !standings[index].hasBeenSent, demand.current != nil {
                standings[index].hasBeenSent = true
                standings[index].eagerUntil = now + Self.startSpan
            }
            guard standings[index].wish != demand.wish else { continue }
            standings[index].wish = demand.wish
            standings[index].eagerUntil = max(standings[index].eagerUntil, now + Self.wishSpan)
        }
    }

    private func choices(_ videos: [VideoDemand]) -> [LayerChoice?] {
        videos.indices.map { index in
            if division.videos[index].count > 0 { return division.step(index, result[index])?.choice }
            // Nothing comes at the moment: there is no reason to change anything.
            return videos[index].isPaused ? nil : videos[index].current
        }
    }

    private mutating func callAgain(at instant: Instant) { deadline = min(deadline ?? instant, instant) }

    // MARK: Down

    private mutating func isExceeded(_ budget: Double, by spent: Double, at now: Instant) -> Bool {
        guard spent > budget * Self.lastingTolerance else {
            exceededSince = nil
            return false
        }
        let since = exceededSince ?? now
        exceededSince = since
        if let settled = caution.settling(at: now) {
            callAgain(at: settled)
            return false
        }
        if spent > budget * Self.tolerance || now - since >= Self.lastingSpan { return true }
        callAgain(at: since + Self.lastingSpan)
        return false
    }

    private mutating func lower(to budget: Double, at now: Instant) {
        division.limitToCurrent()
        // After a deep fall queues have to empty, and the keyframe to change with is large beside what the path bears now.
        division.divide(division.spent > Self.deepFall * budget ? budget * Self.shareAfterFall : budget)
        var isStarved = false
        for (index, video) in division.videos.enumerated() {
            result[index] = video.given
            standings[index].candidate = nil
            if video.given < 0, video.current >= 0 { isStarved = true }
        }
        if isStarved {
            keepAwhile(budget, at: now)
        } else {
            starvedSince = nil
        }
        if division.videos.indices.contains(where: { result[$0] < division.videos[$0].current }) {
            caution.lowered(at: now)
        }
    }

    /// An estimate may be too low for a moment: until it has lasted, what is to be left out stays at its lowest.
    private mutating func keepAwhile(_ budget: Double, at now: Instant) {
        let lowest = division.videos.indices.reduce(0.0) { total, index in
            total + (division.videos[index].current >= 0 ? division.rate(index, 0) : 0)
        }
        let patience = lowest > 2 * budget ? Self.shortPausePatience : Self.pausePatience
        let since = starvedSince ?? now
        starvedSince = since
        guard now - since < patience else { return }
        callAgain(at: since + patience)
        for (index, video) in division.videos.enumerated() where video.given < 0 && video.current >= 0 {
            result[index] = 0
        }
    }

    // MARK: Up

    private mutating func raise(within budget: Double, spent: Double, _ videos: [VideoDemand], at now: Instant) {
        division.divide(budget)
        due.removeAll(keepingCapacity: true)
        var isAnyDue = false
        for index in division.videos.indices {
            let position = duePosition(index, isChanging: videos[index].isChanging, at: now)
            due.append(position)
            if position != nil { isAnyDue = true }
        }
        guard isAnyDue else { return }
        var total = adopt(within: budget, onlyNew: false)
        if now < caution.holdUntil, total > spent {
            // Until then more goes only to those who had nothing.
            callAgain(at: caution.holdUntil)
            total = adopt(within: budget, onlyNew: true)
        }
        if total > spent { caution.raised(at: now) }
        for index in standings.indices where result[index] > division.videos[index].current {
            standings[index].candidate = nil
        }
    }

    /// The position of a better step that has fitted for long enough, or nil.
    private mutating func duePosition(_ index: Int, isChanging: Bool, at now: Instant) -> Int? {
        let video = division.videos[index]
        guard video.given > video.current else {
            standings[index].candidate = nil
            return nil
        }
        if video.isNew { return video.given }
        var position = video.given
        if let candidate = standings[index].candidate {
            // The least of what has fitted meanwhile.
            position = min(division.position(index, of: candidate) ?? position, position)
        } else {
            standings[index].candidateSince = now
        }
        standings[index].candidate = division.step(index, position)?.choice
        guard !isChanging, position > video.current else { return nil }
        let end =
            standings[index].candidateSince + caution.patience(isEager: now < standings[index].eagerUntil, at: now)
        guard now >= end else {
            callAgain(at: end)
            return nil
        }
        return position
    }

    /// Sets the result: what is due, and less for those who have to give way to it.
    /// - Returns: its rate.
    private mutating func adopt(within budget: Double, onlyNew: Bool) -> Double {
        var total = 0.0
        for (index, video) in division.videos.enumerated() {
            result[index] = video.current
            if let position = due[index], video.isNew || !onlyNew { result[index] = position }
            total += division.rate(index, result[index])
        }
        for index in division.order.reversed() where total > budget {
            let video = division.videos[index]
            guard video.given < video.current else { continue }
            result[index] = video.given
            total -= division.rate(index, video.current) - division.rate(index, video.given)
        }
        return total
    }
}
