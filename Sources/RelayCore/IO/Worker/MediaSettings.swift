internal import RelayControl
internal import RelayProtocol

/// What of a room's media a worker forwards and keeps.
struct MediaSettings: Sendable {
    /// How many of a room are audible at a time; 0: all.
    var maximumAudible = 0
    /// How long keyframes and what followed them are kept for newcomers; 0: not at all.
    var keyframeCache = Instant.Span.milliseconds(0)

    init() {}

    init(_ settings: RelaySettings) {
        maximumAudible = max(0, settings.maximumAudible)
        keyframeCache = .milliseconds(min(max(0, settings.keyframeCacheMilliseconds), 10_000))
    }
}
