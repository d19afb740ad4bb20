internal import Configuration
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
    package var codec = VideoCodec.vp8
    /// Three layers whose bitrates together are `videoBitrate`.
    package var isSimulcast = false
    /// Who does not talk sends a packet each 400 ms.
    package var isDiscontinuous = false
    /// SRTP profiles to offer, best first.
    package var profiles = SRTPProfile.allCases
    /// Per cent of packets that are thrown away by those who send, and by those who receive.
    package var sentLoss = 0.0
    package var receivedLoss = 0.0
    package var seed: UInt64 = 1
    /// Nil: nobody is behind a slow path.
    package var slow: SlowPaths?
    /// The certificate of an https target is not looked at.
    package var isInsecure = false
    /// From when all have been asked to join to the end.
    package var duration = Duration.seconds(10)
    /// All joins are spread over this time, unless `joinRate` says how many there are a second.
    package var ramp = Duration.zero
    package var joinRate: Double?
    /// Participants that leave, and come back at once, a minute.
    package var churn = 0.0
    package var serverPID: Int32?
    package var scenarioFile: String?
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

    /// - Parameter readFile: reads a scenario file.
    package init(
        arguments: [String],
        readFile: (String) throws(LoadError) -> [UInt8] = { path throws(LoadError) in
            do throws(ConfigurationError) { return try JSON5File.read(path) } catch { throw .usage(error.description) }
        }
    ) throws(LoadError) {
        var rest = arguments[...]
        if let path = try Self.scenario(in: arguments) { try apply(scenario: try readFile(path), from: path) }
        if let first = rest.first, !first.hasPrefix("-") {
            rest.removeFirst()
            let second = rest.first.flatMap { $0.hasPrefix("-") ? nil : $0 }
            if second != nil { rest.removeFirst() }
            try apply(preset: first, second)
        }
        while let argument = rest.popFirst() { try read(argument, &rest) }
        guard sendsAudio || videoBitrate > 0 else {
            throw .usage("with --no-audio and --video 0 there is nothing to send")
        }
        if let slow {
            let watching = subscribers > 0 ? subscribers : meets ? publishers : 0
            guard slow.count <= watching else {
                throw .usage("--slow is about \(slow.count) of those who receive in a room, and there are \(watching)")
            }
        }
        guard publishers + subscribers > 0 else { throw .usage("--publishers and --subscribers are both 0") }
        guard !isSimulcast || videoBitrate >= 300_000 || videoBitrate == 0 else {
            throw .usage("--simulcast divides --video among three layers: it must be at least 300k")
        }
    }

    mutating func apply(preset name: String, _ countText: String?) throws(LoadError) {
        guard let preset = LoadPreset(rawValue: name) else {
            let names = LoadPreset.allCases.map(\.rawValue)
            let nearest = Nearest.name(to: name, among: names).map { "; did you mean \($0)?" } ?? ""
            throw .usage("there is no scenario \"\(name)\"; there are \(names.joined(separator: ", "))\(nearest)")
        }
        guard let countText else { return preset.apply(preset.count, to: &self) }
        guard let count = Int(countText), preset.range.contains(count) else {
            throw .usage(
                "\(name) takes a number from \(preset.range.lowerBound) to \(preset.range.upperBound), not \"\(countText)\""
            )
        }
        preset.apply(count, to: &self)
    }

    private mutating func read(_ argument: String, _ rest: inout ArraySlice<String>) throws(LoadError) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 1, let flag = LoadFlag.all.first(where: { $0.isSwitch && "--no-" + $0.name == argument }) {
            _ = flag.assign(&self, "false")
            return
        }
        guard let flag = LoadFlag.all.first(where: { "--" + $0.name == parts[0] }) else {
            guard argument.hasPrefix("-") else { throw .usage("unexpected argument \"\(argument)\"") }
            let nearest = Nearest.name(to: String(parts[0].drop { $0 == "-" }), among: LoadFlag.all.map(\.name))
            throw .usage("there is no flag \(parts[0])\(nearest.map { "; did you mean --\($0)?" } ?? "")")
        }
        if flag.isSwitch {
            guard parts.count == 1 else { throw .usage("--\(flag.name) takes no value") }
            _ = flag.assign(&self, "true")
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
