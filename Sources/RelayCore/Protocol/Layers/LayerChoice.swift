/// What of a producer's video a subscriber gets: a simulcast version of it, and up to which layers of that.
package struct LayerChoice: Hashable, Sendable {
    /// The producer's number of the simulcast version. Says nothing about its quality.
    package var encoding: UInt8
    /// The highest spatial layer; those below come along.
    package var spatial: UInt8
    /// The highest temporal layer; those below come along.
    package var temporal: UInt8

    package init(encoding: UInt8, spatial: UInt8 = 0, temporal: UInt8 = 0) {
        self.encoding = encoding
        self.spatial = spatial
        self.temporal = temporal
    }
}

/// A choice with what it costs and what it gives.
package struct LayerStep: Equatable, Sendable {
    package var choice: LayerChoice
    /// Of everything that the choice takes along.
    package var rate: DataRate
    /// Pixels; nil where the codec does not say.
    package var width: UInt16?
    package var height: UInt16?
    package var framesPerSecond: Double?
    /// Which of the ladder's encodings by quality, 0 the lowest; set by `LayerLadder`.
    package internal(set) var encodingRank: UInt8 = 0
    /// Which of the ladder's picture sizes, 0 the lowest; set by `LayerLadder`.
    package internal(set) var sizeRank: UInt8 = 0

    package init(
        _ choice: LayerChoice, rate: DataRate, width: UInt16? = nil, height: UInt16? = nil,
        framesPerSecond: Double? = nil
    ) {
        self.choice = choice
        self.rate = rate
        self.width = width
        self.height = height
        self.framesPerSecond = framesPerSecond
    }
}
