/// What one subscriber asks of one video, and what it gets now.
package struct VideoDemand: Sendable {
    package static let usualPriority: UInt8 = 5
    package static let priorities: ClosedRange<UInt8> = 1...10

    /// The caller's number of the video (of its consumer), the same in each call.
    package var id: UInt64
    package var ladder: LayerLadder
    /// The largest useful size in pixels; nil: as large as there is. Both at once mean a picture that is shown whole within them.
    package var width: UInt16?
    package var height: UInt16?
    /// The best encoding that is wanted, counted by quality from 0 (the lowest that is alive).
    package var highestEncoding: UInt8?
    package var highestSpatial: UInt8?
    package var highestTemporal: UInt8?
    /// The subscriber does not want it now.
    package var isPaused = false
    /// 1 to 10, others count as the nearest; what is at 10 gets about twice the rate of what is at 5.
    package var priority = usualPriority
    package var isScreen = false
    package var isSpeaker = false
    /// What it gets or is being switched to; nil: nothing is sent.
    package var current: LayerChoice?
    /// The switch to `current` waits for a keyframe.
    package var isChanging = false

    package init(id: UInt64, ladder: LayerLadder) {
        self.id = id
        self.ladder = ladder
    }
}

extension VideoDemand {
    /// Without sizes, the lowest of several is taken for so large, and each further one for twice that: browsers leave out versions
    /// of a small picture rather than make smaller ones.
    private static let assumedWidth = 320
    private static let assumedHeight = 180
    /// A picture may be scaled up by this much before a larger one is worth its bits.
    private static let scaling = 1.1

    /// Comes before all of a lesser importance when the budget is divided.
    var importance: Int {
        (isScreen ? 512 : 0) + (isSpeaker ? 256 : 0) + Int(min(max(priority, 1), 10))
    }

    /// Its part of what is left for better pictures, compared to others.
    var weight: Double {
        Double(min(max(priority, 1), 10)) * (isScreen ? 8 : isSpeaker ? 4 : 1)
    }

    /// Whether what is asked for allows this step of the ladder; without regard to its size.
    func allows(_ step: LayerStep) -> Bool {
        step.encodingRank <= highestEncoding ?? .max && step.choice.spatial <= highestSpatial ?? .max
            && step.choice.temporal <= highestTemporal ?? .max
    }

    /// Whether nobody would see a difference to something larger.
    func isFilled(by step: LayerStep) -> Bool {
        if width == nil, height == nil { return false }
        let doublings = Int(min(step.sizeRank, 5))
        let across = Double(step.width ?? UInt16(Self.assumedWidth << doublings)) * Self.scaling
        let down = Double(step.height ?? UInt16(Self.assumedHeight << doublings)) * Self.scaling
        return (width.map { Double($0) <= across } ?? false) || (height.map { Double($0) <= down } ?? false)
    }

    /// Whether there is something better that it asks for than this step, or nil.
    package func isHeldBack(at step: LayerStep?) -> Bool {
        guard !isPaused, !ladder.steps.isEmpty else { return false }
        guard let step else { return true }
        if isFilled(by: step) { return false }
        return ladder.steps.contains { $0.rate > step.rate && allows($0) }
    }

    /// Compared from call to call: when it changes, its effect should be seen soon.
    struct Wish: Equatable {
        var width: UInt16?
        var height: UInt16?
        var encoding: UInt8?
        var spatial: UInt8?
        var temporal: UInt8?
        var weight: Double
    }

    var wish: Wish {
        Wish(
            width: width, height: height, encoding: highestEncoding, spatial: highestSpatial, temporal: highestTemporal,
            weight: weight)
    }
}
