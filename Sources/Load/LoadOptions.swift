internal import Configuration
internal import FoundationEssentials
package import RelayIO

/// What `switchyard load` was asked to do.
package struct LoadOptions: Sendable, Equatable {
    package var driver = LoadDriver.switchyard
    /// Nil: where such a server is by default, on this machine.
    package var givenTarget: String?
    package var target: String { givenTarget ?? driver.defaultTarget }
    package var allowed: Set<String> = []
    package var apiKey: String?
    package var rooms = 1
    /// Participants of each room that publish, and that only watch. Whoever publishes watches the others too, if `meets`.
    package var publishers = 1
    package var subscribers = 1
    package var meets = false
    package var sendsAudio = true
    /// Bits a second; 0: no video.
    package var videoBitrate = 1_500_000
    package var framesPerSecond = 30
    /// From when all have been asked to join to the end.
    package var duration = Duration.seconds(10)
    /// All joins are spread over this time, unless `joinRate` says how many there are a second.
    package var ramp = Duration.zero
    package var joinRate: Double?
    /// Participants that leave, and come back at once, a minute.
    package var churn = 0.0
    /// The only SRTP profile that is offered; nil: all, as a browser does.
    package var profile: SRTPProfile?
    package var serverPID: Int32?
    package var jsonFile: String?
    package var htmlFile: String?
    package var bounds = Bounds()

    /// What must hold for the run to be a success. Nothing is demanded that was not stated.
    package struct Bounds: Sendable, Equatable {
        /// Per cent of all packets.
        package var maximumLoss: Double?
        package var maximumP99Latency: Duration?
        /// Per cent of all participants.
        package var minimumJoined: Double?
    }

    package init() {}

    package init(arguments: [String]) throws(LoadError) {
        var rest = arguments[...]
        if let first = rest.first, !first.hasPrefix("-") {
            rest.removeFirst()
            guard let preset = LoadPreset(rawValue: first) else {
                let names = LoadPreset.allCases.map(\.rawValue)
                let nearest = Nearest.name(to: first, among: names).map { "; did you mean \($0)?" } ?? ""
                throw .usage("there is no scenario \"\(first)\"; there are \(names.joined(separator: ", "))\(nearest)")
            }
            var count: Int?
            if let second = rest.first, !second.hasPrefix("-") {
                rest.removeFirst()
                guard let number = Int(second), preset.range.contains(number) else {
                    throw .usage(
                        "\(first) takes a number from \(preset.range.lowerBound) to \(preset.range.upperBound), not \"\(second)\""
                    )
                }
                count = number
            }
            preset.apply(count ?? preset.count, to: &self)
        }
        while let argument = rest.popFirst() { try read(argument, &rest) }
        guard sendsAudio || videoBitrate > 0 else {
            throw .usage("with --no-audio and --video 0 there is nothing to send")
        }
        guard publishers + subscribers > 0 else { throw .usage("--publishers and --subscribers are both 0") }
    }

    private mutating func read(_ argument: String, _ rest: inout ArraySlice<String>) throws(LoadError) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let flag = LoadFlag.all.first(where: { "--" + $0.name == parts[0] }) else {
            guard argument.hasPrefix("-") else { throw .usage("unexpected argument \"\(argument)\"") }
            let nearest = Nearest.name(to: String(parts[0].drop { $0 == "-" }), among: LoadFlag.all.map(\.name))
            throw .usage("there is no flag \(parts[0])\(nearest.map { "; did you mean --\($0)?" } ?? "")")
        }
        if flag.placeholder.isEmpty {
            guard parts.count == 1 else { throw .usage("--\(flag.name) takes no value") }
            _ = flag.assign(&self, "")
            return
        }
        guard let value = parts.count == 2 ? parts[1] : rest.first.flatMap({ $0.hasPrefix("--") ? nil : $0 }) else {
            throw .usage("--\(flag.name) needs a value: --\(flag.name) \(flag.placeholder)")
        }
        if parts.count == 1 { rest.removeFirst() }
        guard flag.assign(&self, value) else {
            throw .usage("--\(flag.name) must be \(flag.expected); it is \"\(value)\"")
        }
    }

    /// Those of one room.
    package var participants: Int { publishers + subscribers }
    /// Joins a second; nil: all at once.
    var pace: Double? {
        if let joinRate { return joinRate }
        let seconds = Double(ramp.wholeMilliseconds) / 1_000
        return seconds > 0 ? Double(participants * rooms) / seconds : nil
    }
}
