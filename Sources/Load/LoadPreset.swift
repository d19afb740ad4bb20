/// Scenarios that have a name.
package enum LoadPreset: String, CaseIterable, Sendable {
    case meeting, webinar
    case audioRoom = "audio-room"
    case joinStorm = "join-storm"
    case churn

    /// For `--help`, with the number that it has by itself.
    package var summary: String {
        switch self {
        case .meeting: "N people who all see and hear each other (4)"
        case .webinar: "one publisher, N watch (50)"
        case .audioRoom: "10 speakers, N listeners, no video (100)"
        case .joinStorm: "one publisher; N join at once (100)"
        case .churn: "one publisher, N watch; half of them leave and come back each minute (20)"
        }
    }

    /// N where none is given.
    package var count: Int {
        switch self {
        case .meeting: 4
        case .webinar: 50
        case .audioRoom, .joinStorm: 100
        case .churn: 20
        }
    }

    /// Of N.
    package var range: ClosedRange<Int> { self == .meeting ? 2...100 : 1...2_000 }

    func apply(_ count: Int, to options: inout LoadOptions) {
        options.publishers = 1
        options.subscribers = count
        switch self {
        case .meeting:
            options.publishers = count
            options.subscribers = 0
            options.meets = true
        case .audioRoom:
            options.publishers = 10
            options.videoBitrate = 0
        case .webinar, .joinStorm: break
        case .churn: options.churn = max(1, Double(count) / 2)
        }
        // A storm is what comes at once; everybody else comes as people do.
        if self != .joinStorm { options.joinRate = 50 }
    }
}
