/// Decides for one consumer which packets of a layered stream it gets.
///
/// What is let through can always be decoded: a frame goes out only if everything that it refers to did. A step down takes place
/// between two pictures; a step up where the stream allows it. A decision made for a frame holds for all of its packets, however
/// late they come.
package struct LayerFilter: Sendable {
    package enum Decision: Sendable, Equatable {
        case forward
        /// Forward with the marker bit: it ends the picture for this consumer, who does not get the layers above.
        case forwardAsLast
        case leaveOut
    }

    /// Layers by spatial and temporal number; 255 stands for "the highest".
    package typealias Layers = (spatial: UInt8, temporal: UInt8)

    /// The highest layers that the consumer is to get.
    package var wanted: Layers = (255, 255) {
        didSet { if isTransparent, !wantsEverything { beginFiltering() } }
    }

    /// Every packet is forwarded: `decide` need not be called.
    package private(set) var isTransparent = true

    /// The spatial layer that is being sent, 0–7; 7 where nothing is held back.
    private var target: UInt8 = 7
    /// Temporal layers up to this one can be decoded.
    private var open: UInt8 = 255
    /// One bit for each spatial layer of which everything was sent, as far as its temporal layers are open.
    private var intact: UInt8 = 0xff
    private var decisions = FrameDecisions(allSent: true)

    /// The highest spatial layer that the stream has at present.
    private var streamTop: UInt8 = 0
    private var nextStreamTop: UInt8 = 0
    private var picturesUntilReview = LayerFilter.reviewInterval
    private var sentSpatial: UInt8 = 0
    private var sentTemporal: UInt8 = 0
    private var nextSentTemporal: UInt8 = 0

    // The picture that is coming in.
    private var latestSpatial: UInt8 = 0
    private var hasPicture = false
    private var pictureTop: UInt8?
    private var isMissed = false
    /// Pictures in a row of which nothing could be sent.
    private var missed: UInt8 = 0
    /// For streams without numbers: the latest decision and what it was about.
    private var latest = (decision: Decision.forward, spatial: UInt8(0), temporal: UInt8(0))

    /// After so many pictures a layer that no longer comes is forgotten.
    private static let reviewInterval: UInt8 = 16
    private static let tolerableMisses: UInt8 = 5

    package init() {}

    private var wantsEverything: Bool { wanted.spatial == 255 && wanted.temporal == 255 }
    private var wantedSpatial: UInt8 { min(wanted.spatial, 7) }

    /// What is really sent. While the filter is transparent: what is wanted.
    package var current: Layers {
        isTransparent ? wanted : (min(sentSpatial, streamTop), min(open, sentTemporal))
    }

    /// Only a keyframe can bring what is wanted: a spatial layer further up, or one below that was left out so far.
    package var needsKeyframe: Bool {
        guard !isTransparent else { return false }
        if missed >= Self.tolerableMisses { return true }
        return min(wantedSpatial, streamTop) != min(target, streamTop)
    }

    /// A source begins, or takes over from another one, at this keyframe: nothing that came before is known to the decoder.
    package mutating func begin(at layer: PacketLayer) {
        isTransparent = wantsEverything
        guard !isTransparent else { return }
        decisions = FrameDecisions(allSent: false)
        hasPicture = false
        beginAnew()
    }

    /// Decides on a packet of the source.
    /// - Parameter isLate: it came behind newer packets of its stream.
    package mutating func decide(_ layer: PacketLayer, isLate: Bool = false) -> Decision {
        guard !isTransparent else { return .forward }
        guard layer.numberBits > 0 else { return decideWithoutNumber(layer, isLate) }
        var isNewest = true
        switch decisions.place(layer, isLate: isLate, limits: .init(spatial: target, temporal: open)) {
        case .old: return .leaveOut
        case .recent: isNewest = false
        case .newest: break
        case .new:
            if !layer.flags.contains(.numbersFrames) || !hasPicture || layer.spatial <= latestSpatial {
                beginPicture(layer)
                guard !isTransparent else { return .forward }
            }
            latestSpatial = layer.spatial
        }
        switch decisions.decision(on: layer) {
        case .forwarded: return .forward
        case .forwardedAsLast: return layer.flags.contains(.endsPicture) ? .forwardAsLast : .forward
        case .leftOut: return .leaveOut
        case .unknown: break
        }
        let isForwarded = isNewest ? decideFrame(layer) : decideLateFrame(layer)
        let isLast = isForwarded && layer.spatial == target
        decisions.note(layer, isForwarded: isForwarded, isLast: isLast)
        guard isForwarded else { return .leaveOut }
        return isLast && layer.flags.contains(.endsPicture) ? .forwardAsLast : .forward
    }

    /// Whether a packet that is asked for again belongs to a frame that was left out. That happens where it was lost on the way here: a
    /// sequence number was kept for it before it was known whose it is.
    package func leftOut(_ layer: PacketLayer) -> Bool {
        guard !isTransparent, layer.numberBits > 0, decisions.isRecent(layer) else { return false }
        switch decisions.decision(on: layer) {
        case .forwarded, .forwardedAsLast: return false
        case .leftOut: return true
        case .unknown: return !decideLateFrame(layer)
        }
    }

    /// Whether a packet that is asked for again was, or would have been, forwarded as its picture's last one.
    package func endedPicture(_ layer: PacketLayer) -> Bool {
        guard !isTransparent, layer.flags.contains(.endsPicture) else { return false }
        guard layer.numberBits > 0, decisions.isRecent(layer) else { return layer.spatial == current.spatial }
        return switch decisions.decision(on: layer) {
        case .forwardedAsLast: true
        case .forwarded, .leftOut: false
        case .unknown: layer.spatial == decisions.limits(of: layer).spatial
        }
    }

    private mutating func decideWithoutNumber(_ layer: PacketLayer, _ isLate: Bool) -> Decision {
        // Nothing is known of it, so that it may be needed.
        guard !layer.flags.isEmpty || layer.spatial > 0 || layer.temporal > 0 else { return .forward }
        if isLate { return layer.spatial <= target && layer.temporal <= open ? .forward : .leaveOut }
        let goesOn = layer.spatial == latest.spatial && layer.temporal == latest.temporal
        if layer.flags.contains(.startsPicture) || !goesOn {
            if !hasPicture || layer.spatial <= latestSpatial { beginPicture(layer) }
            guard !isTransparent else { return .forward }
            latestSpatial = layer.spatial
            latest = (decideFrame(layer) ? .forward : .leaveOut, layer.spatial, layer.temporal)
        }
        guard latest.decision == .forward else { return .leaveOut }
        return layer.spatial == target && layer.flags.contains(.endsPicture) ? .forwardAsLast : .forward
    }

    // MARK: Pictures

    /// From letting everything through to choosing.
    private mutating func beginFiltering() {
        isTransparent = false
        decisions = FrameDecisions(allSent: true)
        target = 7
        open = 255
        intact = 0xff
        streamTop = 0
        nextStreamTop = 0
        missed = 0
        hasPicture = false
    }

    /// At a keyframe everything can be had.
    private mutating func beginAnew() {
        target = wantedSpatial
        open = wanted.temporal
        intact = 0xff
        streamTop = 0
        nextStreamTop = 0
        picturesUntilReview = Self.reviewInterval
        missed = 0
        isTransparent = wantsEverything
    }

    private mutating func beginPicture(_ layer: PacketLayer) {
        // A picture of which some has gone out already is sent to its end.
        let isCutInto = !hasPicture && !(layer.flags.contains(.startsPicture) && layer.spatial == 0)
        if hasPicture { endPicture() }
        hasPicture = true
        pictureTop = nil
        isMissed = false
        if layer.flags.contains(.isKeyframe) {
            beginAnew()
            return
        }
        guard !isCutInto else { return }
        if wantedSpatial < target, intact & (1 << wantedSpatial) != 0 { target = wantedSpatial }
        // Until the keyframe for a step down comes, at least the rate goes down.
        let temporal = wantedSpatial < min(target, streamTop) ? 0 : wanted.temporal
        if temporal < open || layer.flags.contains(.namesReferences) { open = temporal }
    }

    private mutating func endPicture() {
        if let pictureTop {
            sentSpatial = pictureTop
            missed = 0
        } else if isMissed {
            missed = min(missed + 1, Self.tolerableMisses)
        }
        picturesUntilReview -= 1
        guard picturesUntilReview == 0 else { return }
        picturesUntilReview = Self.reviewInterval
        streamTop = nextStreamTop
        nextStreamTop = 0
        sentTemporal = nextSentTemporal
        nextSentTemporal = 0
    }

    // MARK: Frames

    private mutating func decideFrame(_ layer: PacketLayer) -> Bool {
        streamTop = max(streamTop, min(layer.spatial, 7))
        nextStreamTop = max(nextStreamTop, min(layer.spatial, 7))
        let own = UInt8(1) << (layer.spatial & 7)
        let isForwarded = isWanted(layer) && isDecodable(layer, own)
        if isForwarded {
            if layer.spatial > target { target = layer.spatial }
            if layer.flags.contains(.allowsSpatialStart) { intact |= own }
            openTemporalLayers(after: layer)
            pictureTop = max(pictureTop ?? 0, layer.spatial)
            sentTemporal = max(sentTemporal, layer.temporal)
            nextSentTemporal = max(nextSentTemporal, layer.temporal)
        } else if layer.temporal <= open {
            // Where references are named, the lowest temporal layer alone decides.
            if layer.temporal == 0 || !layer.flags.contains(.namesReferences) { intact &= ~own }
            isMissed = true
        }
        return isForwarded
    }

    /// A frame of which nothing came before newer ones did: as it would have been decided then, with no effect on what follows.
    private func decideLateFrame(_ layer: PacketLayer) -> Bool {
        let limits = decisions.limits(of: layer)
        let goal = min(limits.spatial, streamTop)
        guard layer.spatial <= goal, layer.temporal <= limits.temporal, layer.neededBy & (1 << goal) != 0 else {
            return false
        }
        return isDecodable(layer, 1 << layer.spatial)
    }

    /// Whether the frame belongs to the layers that are sent or may be sent from here on.
    private func isWanted(_ layer: PacketLayer) -> Bool {
        if layer.temporal > open {
            guard layer.temporal <= wanted.temporal, layer.flags.contains(.allowsTemporalStart) else { return false }
        }
        if layer.spatial <= target { return layer.neededBy & (1 << min(target, streamTop)) != 0 }
        return layer.spatial <= wantedSpatial && layer.flags.contains(.allowsSpatialStart)
    }

    private func isDecodable(_ layer: PacketLayer, _ own: UInt8) -> Bool {
        let flags = layer.flags
        if flags.contains(.needsLayerBelow), layer.numberBits > 0, decisions.lacksLayerBelow(layer) { return false }
        guard flags.contains(.namesReferences), layer.numberBits > 0 else {
            return intact & own != 0 || flags.contains(.allowsSpatialStart)
        }
        if decisions.lacksReference(layer) { return false }
        return !flags.contains(.hasFarReference) || (layer.temporal == 0 && intact & own != 0)
    }

    private mutating func openTemporalLayers(after layer: PacketLayer) {
        if layer.temporal > open {
            // A layer in between has to begin by itself.
            if layer.temporal == open + 1 { open = layer.temporal }
        } else if layer.flags.contains(.opensTemporalLayers), open < wanted.temporal,
            wantedSpatial >= min(target, streamTop)
        {
            open = wanted.temporal
        }
    }
}
