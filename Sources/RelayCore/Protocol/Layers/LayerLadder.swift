/// What a producer's video can be had as: steps that ascend in rate and in quality, at most 24. Small and without references into
/// the producer, so it can be sent to other workers.
package struct LayerLadder: Equatable, Sendable {
    package static let mostSteps = 24
    /// Rates that differ by less than this share are as good as equal.
    private static let nearness = 0.1

    /// Lowest first. Rates never fall, and each is better than all before it.
    package let steps: [LayerStep]

    /// Of a video that nothing is known of, or that nothing comes of.
    package init() { steps = [] }

    /// Puts steps in order, and leaves out those that cost more than a better one.
    ///
    /// All temporal layers of a picture size come before the next size, except those that cost more than the next size does. A larger
    /// picture that moves in jerks is no better than a smaller one, so its lowest temporal layers are left out, too.
    /// - Parameters:
    ///   - candidates: in any order, of encodings that are alive.
    ///   - previous: the same producer's ladder until now. What was part of it stays part of it in cases of doubt, so that steps do not
    ///     come and go with the noise in the measured rates.
    package init(_ candidates: [LayerStep], after previous: LayerLadder = LayerLadder()) {
        var draft = Draft(candidates, previous)
        draft.rank()
        draft.leaveOutJerky()
        draft.leaveOutUseless()
        draft.shorten(to: Self.mostSteps)
        steps = draft.steps
    }

    /// The highest step that is part of what a choice takes along.
    package func step(_ choice: LayerChoice) -> LayerStep? {
        steps.last {
            $0.choice.encoding == choice.encoding && $0.choice.spatial <= choice.spatial
                && $0.choice.temporal <= choice.temporal
        }
    }

    /// Whether the choice's encoding has no higher layers.
    package func isTop(_ choice: LayerChoice) -> Bool {
        !steps.contains {
            $0.choice.encoding == choice.encoding
                && ($0.choice.spatial > choice.spatial || $0.choice.temporal > choice.temporal)
        }
    }

    /// The same choices at about the same rates: not worth telling others.
    package func isNear(_ other: LayerLadder) -> Bool {
        guard steps.count == other.steps.count else { return false }
        return zip(steps, other.steps).allSatisfy { step, other in
            let (low, high) = (min(step.rate, other.rate), max(step.rate, other.rate))
            return step.choice == other.choice && step.width == other.width && step.height == other.height
                && (high - low) <= high * Self.nearness
        }
    }

    /// The place of an encoding by quality, 0 the lowest; nil where it is not there.
    package func encodingRank(of encoding: UInt8) -> UInt8? {
        steps.first { $0.choice.encoding == encoding }?.encodingRank
    }

    /// What an encoding adds to the candidates: a step for each of its layers that is there.
    /// - Parameter size: pixels of a spatial layer, nil where unknown. A layer below one of known size counts as half as large.
    package static func candidates(
        encoding: UInt8, rates: inout LayerRates, at now: Instant,
        size: (_ spatial: UInt8) -> (width: UInt16, height: UInt16)?
    ) -> [LayerStep] {
        var result: [LayerStep] = []
        var above: (width: UInt16, height: UInt16)?
        for spatial in (0..<LayerRates.spatialLayers).reversed() where rates.isAlive(spatial: spatial, at: now) {
            let known = size(UInt8(spatial)) ?? above.map { (width: $0.width / 2, height: $0.height / 2) }
            above = known
            for temporal in 0..<LayerRates.temporalLayers where rates.has(temporal: temporal) {
                result.append(
                    LayerStep(
                        LayerChoice(encoding: encoding, spatial: UInt8(spatial), temporal: UInt8(temporal)),
                        rate: rates.rate(spatial: spatial, temporal: temporal, at: now), width: known?.width,
                        height: known?.height,
                        framesPerSecond: rates.framesPerSecond(temporal: temporal, at: now)))
            }
        }
        return result
    }
}

/// A ladder in the making.
private struct Draft {
    /// Of a ladder's larger pictures: frames per second that are fluent enough, or the share of the full rate that is.
    private static let fluent = 10.0
    private static let fluentShare = 0.4
    private static let leniency = 0.8
    /// Above this share of a better step's rate a step is no use; the second is for steps that were in the ladder before.
    private static let usefulShare = 0.95
    private static let lenientShare = 1.1

    /// All temporal steps of one picture.
    private struct Picture {
        var encoding: UInt8
        var spatial: UInt8
        var area: Int?
        var rate: DataRate

        func isOf(_ step: LayerStep) -> Bool {
            encoding == step.choice.encoding && spatial == step.choice.spatial
        }
    }

    var steps: [LayerStep]
    private var kept: Set<LayerChoice>

    init(_ candidates: [LayerStep], _ previous: LayerLadder) {
        steps = candidates
        kept = Set(previous.steps.map(\.choice))
    }

    /// Orders by picture, by temporal layer within. Pictures go by size where all sizes are known, by their rate elsewhere.
    mutating func rank() {
        var pictures: [Picture] = []
        for step in steps {
            let area = step.width.flatMap { width in step.height.map { Int(width) * Int($0) } }
            if let index = pictures.firstIndex(where: { $0.isOf(step) }) {
                pictures[index].rate = max(pictures[index].rate, step.rate)
            } else {
                let choice = step.choice
                pictures.append(
                    Picture(encoding: choice.encoding, spatial: choice.spatial, area: area, rate: step.rate))
            }
        }
        let areSizesKnown = pictures.allSatisfy { ($0.area ?? 0) > 0 }
        pictures.sort { a, b in
            if a.encoding == b.encoding { return a.spatial < b.spatial }
            if areSizesKnown, let first = a.area, let second = b.area, first != second { return first < second }
            return (a.rate, a.encoding) < (b.rate, b.encoding)
        }
        var encodings: [UInt8] = []
        for picture in pictures where !encodings.contains(picture.encoding) { encodings.append(picture.encoding) }
        for index in steps.indices {
            let step = steps[index]
            steps[index].sizeRank = UInt8(clamping: pictures.firstIndex { $0.isOf(step) } ?? 0)
            steps[index].encodingRank = UInt8(clamping: encodings.firstIndex(of: step.choice.encoding) ?? 0)
        }
        steps.sort { ($0.sizeRank, $0.choice.temporal) < ($1.sizeRank, $1.choice.temporal) }
    }

    mutating func leaveOutJerky() {
        var full: [UInt8: Double] = [:]
        for step in steps {
            guard let frames = step.framesPerSecond else { continue }
            full[step.sizeRank] = max(full[step.sizeRank] ?? 0, frames)
        }
        let kept = kept
        steps.removeAll { step in
            guard step.sizeRank > 0, let frames = step.framesPerSecond, let full = full[step.sizeRank] else {
                return false
            }
            let needed = min(Self.fluent, full * Self.fluentShare)
            return frames < (kept.contains(step.choice) ? needed * Self.leniency : needed)
        }
    }

    /// From the best down: what costs more than something better goes.
    mutating func leaveOutUseless() {
        var cheapest: DataRate?
        var useful: [LayerStep] = []
        for var step in steps.reversed() {
            if let least = cheapest {
                let share = kept.contains(step.choice) ? Self.lenientShare : Self.usefulShare
                guard step.rate <= least * share else { continue }
                step.rate = min(step.rate, least)
            }
            cheapest = step.rate
            useful.append(step)
        }
        steps = useful.reversed()
    }

    /// Leaves out steps that are hardly above those before them, never the lowest or the best.
    mutating func shorten(to most: Int) {
        while steps.count > most {
            var closest = 1
            var least = Double.infinity
            for index in 1..<steps.count - 1 {
                let ratio = steps[index].rate.kilobitsPerSecond / max(steps[index - 1].rate.kilobitsPerSecond, 1)
                if ratio < least { (closest, least) = (index, ratio) }
            }
            steps.remove(at: closest)
        }
    }
}
