import Load

/// What the server is loaded with for one row of the table.
struct Scenario {
    var name: String
    var options: LoadOptions
    /// Why the load is not what others get; empty: it is.
    var note = ""

    /// Joins a second: DTLS of hundreds at once would be the generator's limit.
    private static let joinsPerSecond = 100.0

    /// One publisher, many who watch.
    static func webinar(_ count: Int, kilobits: Int, note: String = "") -> Scenario {
        var options = LoadOptions()
        options.publishers = 1
        options.subscribers = count
        options.videoBitrate = kilobits * 1_000
        options.joinRate = joinsPerSecond
        return Scenario(name: "webinar 1→\(count), \(text(kilobits))", options: options, note: note)
    }

    /// Everybody sees and hears everybody.
    static func meeting(_ count: Int, kilobits: Int) -> Scenario {
        var options = LoadOptions()
        options.publishers = count
        options.subscribers = 0
        options.meets = true
        options.videoBitrate = kilobits * 1_000
        options.joinRate = joinsPerSecond / Double(count)
        return Scenario(name: "meeting of \(count), \(text(kilobits))", options: options)
    }

    private static func text(_ kilobits: Int) -> String {
        kilobits == 0 ? "audio" : "audio and \(kilobits) kbit/s"
    }

    /// Bitrates at which neither the server's core nor the generator's is at its limit.
    static let all: [Scenario] = [
        webinar(10, kilobits: 1_500), webinar(50, kilobits: 1_500), webinar(200, kilobits: 1_500),
        webinar(500, kilobits: 500, note: "500 kbit/s, for the generator's sake"),
        webinar(200, kilobits: 0),
        meeting(4, kilobits: 1_500), meeting(10, kilobits: 1_500), meeting(20, kilobits: 500),
        meeting(10, kilobits: 0), meeting(20, kilobits: 0),
    ]

    /// Connections that the server holds: one for each who publishes, and one for each pair.
    var transports: Int {
        let watched = options.meets ? options.publishers * (options.publishers - 1) : 0
        return options.publishers + options.subscribers * options.publishers + watched
    }
}
