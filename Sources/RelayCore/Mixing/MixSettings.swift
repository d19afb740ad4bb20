package import RelayProtocol

/// How rooms are mixed.
package struct MixSettings: Sendable {
    /// How many are heard at the same time: the loudest. At least 1, at most 8.
    package var speakers = 3
    /// Of a mix in Opus.
    package var bitrate = DataRate.kilobitsPerSecond(40)
    /// libopus's, 0 to 10: processor time against quality.
    package var complexity = 5
    /// Loss that the mix's in-band correction is made for, per cent; 0: no correction.
    package var expectedLoss = 10
    /// An input's packets are played no later than this after the fastest of them would have been.
    package var longestDelay = Instant.Span.milliseconds(200)

    package init() {}
}
