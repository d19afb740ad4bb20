internal import Configuration
internal import RelayIO

/// One flag of `switchyard load`: how it is read and explained.
struct LoadFlag: Sendable {
    let name: String
    /// Empty where the flag alone is enough.
    let placeholder: String
    let expected: String
    let summary: String
    /// False where the value is not what is expected.
    let assign: @Sendable (inout LoadOptions, String) -> Bool

    /// A flag without a value; `--no-…` takes it back.
    init(_ name: String, _ path: any WritableKeyPath<LoadOptions, Bool> & Sendable, _ summary: String) {
        self.init(name, "", expected: "true or false", summary) { options, text in
            options[keyPath: path] = text == "true"
            return text == "true" || text == "false"
        }
    }

    var isSwitch: Bool { placeholder.isEmpty }

    init(
        _ name: String, _ placeholder: String, expected: String, _ summary: String,
        assign: @escaping @Sendable (inout LoadOptions, String) -> Bool
    ) {
        self.name = name
        self.placeholder = placeholder
        self.expected = expected
        self.summary = summary
        self.assign = assign
    }

    init<Value: Sendable>(
        _ name: String, _ format: SettingFormat<Value>, _ path: any WritableKeyPath<LoadOptions, Value> & Sendable,
        _ summary: String
    ) {
        self.init(name, format.placeholder, expected: format.expected, summary) { options, text in
            guard let value = format.read(text) else { return false }
            options[keyPath: path] = value
            return true
        }
    }

    init<Value: Sendable>(
        _ name: String, _ format: SettingFormat<Value>,
        optional path: any WritableKeyPath<LoadOptions, Value?> & Sendable,
        _ summary: String
    ) {
        self.init(name, format.placeholder, expected: format.expected, summary) { options, text in
            guard let value = format.read(text) else { return false }
            options[keyPath: path] = value
            return true
        }
    }

    private static let profiles: [(name: String, profile: SRTPProfile)] = [
        ("gcm", .gcm128), ("gcm-256", .gcm256), ("cm", .counterSHA1Tag80), ("cm-32", .counterSHA1Tag32),
    ]

    static let all: [LoadFlag] = [
        LoadFlag(
            "scenario", .file, optional: \.scenarioFile, "JSON5 with these names; other flags change what it says"),
        LoadFlag(
            "driver", "NAME", expected: LoadDriver.allCases.map(\.rawValue).joined(separator: " or "),
            "the server's kind: \(LoadDriver.allCases.map(\.rawValue).joined(separator: ", ")) [switchyard]"
        ) { options, text in
            guard let driver = LoadDriver(rawValue: text) else { return false }
            options.driver = driver
            return true
        },
        LoadFlag(
            "target", "URL", expected: "http://ADDR:PORT or https://ADDR:PORT",
            "the server's API [http://127.0.0.1:8080]"
        ) {
            options, text in
            options.givenTarget = text
            return !text.isEmpty
        },
        LoadFlag(
            "allow-target", "ADDR", expected: "an IP address",
            "a target that is not loopback, named once more; may be repeated"
        ) {
            options, text in
            options.allowed.insert(text)
            return !text.isEmpty
        },
        LoadFlag("insecure", \.isInsecure, "an https target's certificate is not checked"),
        LoadFlag("api-key", .key, optional: \.apiKey, "the server's API key; also SWITCHYARD_LOAD_API_KEY"),
        LoadFlag("rooms", .number(in: 1...1_000), \.rooms, "rooms, all alike [1]"),
        LoadFlag("publishers", .number(in: 0...1_000), \.publishers, "who send, in each room [1]"),
        LoadFlag("subscribers", .number(in: 0...5_000), \.subscribers, "who only receive, in each room [1]"),
        LoadFlag("all-to-all", \.meets, "publishers receive each other, too"),
        LoadFlag("audio", \.sendsAudio, "publishers send Opus-shaped audio; they do unless --no-audio says otherwise"),
        LoadFlag("dtx", \.isDiscontinuous, "who pauses sends a packet each 400 ms; spurts and pauses of some seconds"),
        LoadFlag(
            "video", "BITRATE", expected: "a bitrate such as 1.5M, 800k or 0 for no video, up to 50M",
            "video, all layers together [1.5M]"
        ) { options, text in
            guard let bits = bitrate(text) else { return false }
            options.videoBitrate = bits
            return true
        },
        LoadFlag("fps", .number(in: 1...120), \.framesPerSecond, "frames a second [30]"),
        LoadFlag("codec", "CODEC", expected: "vp8 or h264", "what the video is shaped like: vp8, h264 [vp8]") {
            options, text in
            guard let codec = VideoCodec(rawValue: text.lowercased()) else { return false }
            options.codec = codec
            return true
        },
        LoadFlag("simulcast", \.isSimulcast, "three layers of each video, with the shares browsers give them"),
        LoadFlag(
            "srtp", "PROFILE", expected: "one of \(profiles.map(\.name).joined(separator: ", "))",
            "the only SRTP profile to offer: \(profiles.map(\.name).joined(separator: ", ")) [all of them]"
        ) { options, text in
            guard let found = profiles.first(where: { $0.name == text || $0.profile.name == text }) else {
                return false
            }
            options.profiles = [found.profile]
            return true
        },
        LoadFlag(
            "drop", "PERCENT", expected: "a percentage from 0 to 100", "receivers throw away so many packets [0]"
        ) { options, text in
            guard let percent = percent(text) else { return false }
            options.receivedLoss = percent
            return true
        },
        LoadFlag(
            "drop-sent", "PERCENT", expected: "a percentage from 0 to 100", "senders throw away so many packets [0]"
        ) { options, text in
            guard let percent = percent(text) else { return false }
            options.sentLoss = percent
            return true
        },
        LoadFlag(
            "slow", "N:BITRATE", expected: "how many and how slow, such as 1:300k",
            "so many who receive, in each room, do over a path of that rate; they are reported apart"
        ) { options, text in
            options.slow = SlowPaths(text)
            return options.slow != nil
        },
        LoadFlag(
            "seed", .number(in: 0...UInt64.max), \.seed, "of what is random about --drop, --drop-sent and --dtx [1]"),
        LoadFlag(
            "duration", .duration(in: .seconds(1)...(.seconds(86_400))), \.duration,
            "how long, after the last join began [10s]"),
        LoadFlag("ramp", .duration(in: .zero...(.seconds(3_600))), \.ramp, "spreads the joins over this time [0s]"),
        LoadFlag(
            "join-rate", "N", expected: "joins a second, from 0.01 to 10000", "joins a second, all rooms together"
        ) { options, text in
            guard let rate = Double(text), (0.01...10_000).contains(rate) else { return false }
            options.joinRate = rate
            return true
        },
        LoadFlag(
            "leave-churn", "N", expected: "leavers a minute, 0 or from 0.01 to 6000",
            "how many a minute leave and come back [0]"
        ) {
            options, text in
            guard let rate = Double(text), rate == 0 || (0.01...6_000).contains(rate) else { return false }
            options.churn = rate
            return true
        },
        LoadFlag(
            "server-pid", .number(in: 1...Int32.max), optional: \.serverPID,
            "the server's process here: its CPU and memory are shown"),
        LoadFlag("json", .file, optional: \.jsonFile, "writes the report there"),
        LoadFlag("html", .file, optional: \.htmlFile, "writes a page with charts there"),
        LoadFlag("max-loss", "PERCENT", expected: "a percentage from 0 to 100", "fail when more packets are lost") {
            options, text in
            options.bounds.maximumLoss = percent(text)
            return options.bounds.maximumLoss != nil
        },
        LoadFlag(
            "max-p99-latency", .duration(in: .milliseconds(1)...(.seconds(60))), optional: \.bounds.maximumP99Latency,
            "fail when the 99th percentile of one-way latency is above"),
        LoadFlag("min-joined", "PERCENT", expected: "a percentage from 0 to 100", "fail when fewer participants joined")
        { options, text in
            options.bounds.minimumJoined = percent(text)
            return options.bounds.minimumJoined != nil
        },
    ]

    static func bitrate(_ text: String) -> Int? {
        let units: [Character: Double] = ["k": 1_000, "K": 1_000, "m": 1_000_000, "M": 1_000_000]
        let scale = text.last.flatMap { units[$0] }
        guard let number = Double(scale == nil ? text : String(text.dropLast())), number >= 0 else { return nil }
        let bits = number * (scale ?? 1)
        guard bits == 0 || (50_000...50_000_000).contains(bits) else { return nil }
        return Int(bits)
    }

    private static func percent(_ text: String) -> Double? {
        guard let number = Double(text.last == "%" ? String(text.dropLast()) : text), (0...100).contains(number) else {
            return nil
        }
        return number
    }
}
