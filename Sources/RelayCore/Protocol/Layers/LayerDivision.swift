/// Divides a rate among videos, without regard to time: everybody's lowest step in order of importance, then better ones so that
/// rates grow in proportion to the weights, then what is left to the most important. Its memory is kept from call to call.
struct LayerDivision {
    struct Video {
        /// Where its steps lie in `steps`: those that it may have, lowest first; none while paused.
        var first: Int
        var count: Int
        /// Positions among its own steps; -1: not sent.
        var current: Int
        var given = -1
        /// Not to be exceeded now.
        var ceiling: Int
        var weight: Double
        var importance: Int
        /// Nothing is sent yet, or what was sent is not there any more.
        var isNew: Bool
    }

    struct Step {
        var choice: LayerChoice
        /// bit/s.
        var rate: Double
        /// What has to be free for it: more than the rate where it is above what is sent now.
        var cost: Double
    }

    /// The most important video is kept while its lowest step takes no more than this share of everything.
    private static let tightness = 1.5
    /// Halvings of the range in which the level is looked for: to a millionth.
    private static let halvings = 20

    private(set) var videos: ContiguousArray<Video> = []
    private(set) var steps: ContiguousArray<Step> = []
    /// Most important first.
    private(set) var order: ContiguousArray<Int> = []

    // MARK: What there is

    mutating func removeAll() {
        videos.removeAll(keepingCapacity: true)
        steps.removeAll(keepingCapacity: true)
    }

    /// Adds a video with those of its steps that are asked for: none above the first that fills the size.
    /// - Parameters:
    ///   - isNew: it was not sent yet. Where its encoding has gone it counts as new in any case.
    ///   - margin: factor, what a step above the current one has to find free. Not for those who are new.
    mutating func add(_ demand: VideoDemand, isNew: Bool, margin: Double) {
        let start = steps.count
        var current = -1
        if !demand.isPaused {
            var filled: UInt8?
            for step in demand.ladder.steps where demand.allows(step) {
                if let filled, step.sizeRank > filled { break }
                if demand.isFilled(by: step) { filled = step.sizeRank }
                append(step)
            }
            // Who allows nothing that there is gets the least that there is.
            if steps.count == start, let lowest = demand.ladder.steps.first { append(lowest) }
            current = currentPosition(of: demand, from: start)
        }
        let isNew = current < 0 && (isNew || demand.current != nil)
        if !isNew {
            for index in start..<steps.count where index - start > current { steps[index].cost *= margin }
        }
        videos.append(
            Video(
                first: start, count: steps.count - start, current: current, ceiling: steps.count - start - 1,
                weight: demand.weight, importance: demand.importance, isNew: isNew))
    }

    private mutating func append(_ step: LayerStep) {
        let rate = Double(step.rate.bitsPerSecond)
        steps.append(Step(choice: step.choice, rate: rate, cost: rate))
    }

    /// The best allowed step that is not above the demand's current choice; the lowest where all are above; -1 where there is no
    /// current choice, or nothing of its encoding.
    private func currentPosition(of demand: VideoDemand, from start: Int) -> Int {
        guard let current = demand.current, steps.count > start else { return -1 }
        let ladder = demand.ladder.steps
        guard
            let rung = ladder.lastIndex(where: { $0.choice.isWithin(current) })
                ?? ladder.firstIndex(where: { $0.choice.encoding == current.encoding })
        else { return -1 }
        // Allowed steps are in the ladder's order.
        var position = -1
        for step in ladder[...rung] {
            let next = start + position + 1
            if next < steps.count, steps[next].choice == step.choice { position += 1 }
        }
        return max(position, 0)
    }

    mutating func sortByImportance() {
        if order.count != videos.count { order = ContiguousArray(videos.indices) }
        let videos = videos
        order.sort { a, b in
            (videos[b].importance, a) < (videos[a].importance, b)
        }
    }

    func step(_ video: Int, _ position: Int) -> Step? {
        let video = videos[video]
        return position >= 0 && position < video.count ? steps[video.first + position] : nil
    }

    func position(_ video: Int, of choice: LayerChoice) -> Int? {
        (0..<videos[video].count).first { steps[videos[video].first + $0].choice == choice }
    }

    func rate(_ video: Int, _ position: Int) -> Double { step(video, position)?.rate ?? 0 }

    /// Of what is sent now.
    var spent: Double { videos.indices.reduce(0) { $0 + rate($1, videos[$1].current) } }
    /// Of everybody's best.
    var best: Double { videos.indices.reduce(0) { $0 + rate($1, videos[$1].count - 1) } }

    // MARK: Division

    /// No video above what it has now, except new ones.
    mutating func limitToCurrent() {
        for index in videos.indices where !videos[index].isNew { videos[index].ceiling = videos[index].current }
    }

    /// Sets `given` of each video.
    mutating func divide(_ budget: Double) {
        var left = giveLowest(budget)
        guard left > 0 else { return }
        let shared = left + lowestTotal
        var high = highestLevel
        if total(at: high) > shared {
            var low = 0.0
            for _ in 0..<Self.halvings {
                let level = (low + high) / 2
                if total(at: level) > shared { high = level } else { low = level }
            }
            high = low
        }
        left = shared
        for index in videos.indices where videos[index].given >= 0 {
            videos[index].given = position(index, at: high)
            left -= cost(index, videos[index].given)
        }
        giveRest(left)
    }

    /// - Returns: what is left.
    private mutating func giveLowest(_ budget: Double) -> Double {
        var left = budget
        var isFirst = true
        for index in order {
            videos[index].given = -1
            guard videos[index].ceiling >= 0, let lowest = step(index, 0) else { continue }
            let isKept = isFirst && !isLeftOut(index) && lowest.cost <= budget * Self.tightness
            if lowest.cost <= left || isKept {
                videos[index].given = 0
                left -= lowest.cost
            }
            isFirst = false
        }
        return left
    }

    /// It was sent, and then had to give way: it comes back when it fits.
    private func isLeftOut(_ video: Int) -> Bool { videos[video].current < 0 && !videos[video].isNew }

    /// A step to each, the most important first, for as long as there are some that fit.
    private mutating func giveRest(_ rest: Double) {
        var left = rest
        var isAnyGiven = true
        while isAnyGiven {
            isAnyGiven = false
            for index in order where videos[index].given >= 0 && videos[index].given < videos[index].ceiling {
                let more = cost(index, videos[index].given + 1) - cost(index, videos[index].given)
                guard more <= left else { continue }
                videos[index].given += 1
                left -= more
                isAnyGiven = true
            }
        }
    }

    private func cost(_ video: Int, _ position: Int) -> Double { step(video, position)?.cost ?? 0 }

    private var lowestTotal: Double {
        videos.indices.reduce(0) { $0 + (videos[$1].given >= 0 ? cost($1, 0) : 0) }
    }

    private var highestLevel: Double {
        videos.indices.reduce(0) { max($0, cost($1, videos[$1].ceiling) / videos[$1].weight) }
    }

    /// The best step that costs no more than the level times the weight; at least the lowest.
    private func position(_ video: Int, at level: Double) -> Int {
        let most = level * videos[video].weight
        var position = 0
        while position < videos[video].ceiling, cost(video, position + 1) <= most { position += 1 }
        return position
    }

    private func total(at level: Double) -> Double {
        videos.indices.reduce(0) { $0 + (videos[$1].given >= 0 ? cost($1, position($1, at: level)) : 0) }
    }
}

extension LayerChoice {
    /// Of the same encoding, and no layer above the other's.
    fileprivate func isWithin(_ other: LayerChoice) -> Bool {
        encoding == other.encoding && spatial <= other.spatial && temporal <= other.temporal
    }
}
