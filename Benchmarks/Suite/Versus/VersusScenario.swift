import Load

/// A row of the comparison with another server, as issue trackers and documents name it.
struct VersusScenario {
    let name: String
    let options: LoadOptions
    /// What the ratio of processor times (theirs to ours) has to be at least, by its name in the thresholds.
    let goal: String

    private static func webinar(_ count: Int) -> VersusScenario {
        var options = LoadOptions()
        options.subscribers = count
        return VersusScenario(name: "webinar-\(count)", options: options, goal: "webinar")
    }

    static let all: [VersusScenario] = {
        var audio = LoadOptions()
        audio.publishers = 10
        audio.subscribers = 100
        audio.videoBitrate = 0
        var meeting = LoadOptions()
        meeting.publishers = 10
        meeting.subscribers = 0
        meeting.meets = true
        return [
            webinar(50), webinar(100), webinar(200),
            VersusScenario(name: "audio-room", options: audio, goal: "audio-room"),
            VersusScenario(name: "meeting-10", options: meeting, goal: "meeting"),
        ]
    }()
}
