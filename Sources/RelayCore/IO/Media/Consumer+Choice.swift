internal import RelayProtocol

extension Consumer {
    /// Since the track began.
    struct Counts {
        var resent: UInt64 = 0
        var keyframesAskedFor: UInt64 = 0
        /// Packets that were given up because they had waited too long.
        var heldBack: UInt64 = 0
        /// Steps down and cut queues while more was sent than the path bears.
        var freezesAvoided: UInt64 = 0
        var layerChanges: UInt64 = 0
    }

    /// What of its producer it is to be sent.
    enum Choice: Equatable {
        /// Nothing is known yet: whichever encoding brings a keyframe first.
        case undecided
        /// `isWhole`: it is all that there is of that encoding.
        case layer(LayerChoice, isWhole: Bool)
        /// Nothing: asked for, or the path is too narrow.
        case nothing
    }
}
