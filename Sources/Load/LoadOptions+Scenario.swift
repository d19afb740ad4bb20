internal import Configuration

/// A scenario file: JSON5 with the names of the flags, and `preset`.
///
///     {
///         preset: "webinar 50",
///         video: "2M",
///         simulcast: true,
///         "max-loss": 0.1,
///     }
extension LoadOptions {
    /// The file of `--scenario`, wherever it stands: it comes before everything else on the command line.
    static func scenario(in arguments: [String]) throws(LoadError) -> String? {
        var path: String?
        for (at, argument) in arguments.enumerated() {
            var found: String?
            if argument.hasPrefix("--scenario=") {
                found = String(argument.dropFirst("--scenario=".count))
            } else if argument == "--scenario" {
                // Another flag is no file.
                found = arguments[at...].dropFirst().first.flatMap { $0.hasPrefix("--") ? nil : $0 }
            } else {
                continue
            }
            // A missing value is named where the flags are read.
            guard let found, !found.isEmpty else { return nil }
            guard path == nil else { throw .usage("--scenario is given twice") }
            path = found
        }
        return path
    }

    /// What a file does not say, and why: a file comes from anybody, and whom to trust is for the person who runs it to say.
    static let onlyOnCommandLine = [
        "scenario": "a scenario file cannot name another one",
        "allow-target":
            "it belongs on the command line: whoever runs this says with it that the target may be loaded",
        "insecure":
            "it belongs on the command line: whoever runs this says with it that the certificate does not matter",
        "api-key": "it belongs on the command line, or as SWITCHYARD_LOAD_API_KEY into the environment",
    ]

    /// Takes over what a file says.
    /// - Parameter path: for errors only.
    mutating func apply(scenario bytes: [UInt8], from path: String) throws(LoadError) {
        let members: [(key: String, value: JSON5Value)]
        do throws(ConfigurationError) { members = try JSON5File.members(bytes, path: path) } catch {
            throw .usage(error.description)
        }
        // The others change what it says.
        if let preset = members.first(where: { $0.key == "preset" }) {
            guard case .string(let text) = preset.value else {
                throw .usage("\(path): preset must be a scenario's name, or name and number, such as \"webinar 50\"")
            }
            let words = text.split(separator: " ").map(String.init)
            guard (1...2).contains(words.count) else {
                throw .usage("\(path): preset must be a scenario's name, or name and number; it is \"\(text)\"")
            }
            do throws(LoadError) {
                try apply(preset: words[0], words.count == 2 ? words[1] : nil)
            } catch {
                throw .usage("\(path): preset: \(error)")
            }
        }
        for (key, value) in members where key != "preset" { try apply(key, value, path) }
    }

    private mutating func apply(_ key: String, _ value: JSON5Value, _ path: String) throws(LoadError) {
        if let reason = Self.onlyOnCommandLine[key] { throw .usage("\(path): \(key): \(reason)") }
        guard let flag = LoadFlag.all.first(where: { $0.name == key }) else {
            let names = LoadFlag.all.map(\.name).filter { Self.onlyOnCommandLine[$0] == nil } + ["preset"]
            let nearest = Nearest.name(to: key, among: names).map { "; did you mean \($0)?" } ?? ""
            throw .usage("\(path): there is no \"\(key)\"\(nearest)")
        }
        let isBool = if case .bool = value { true } else { false }
        guard let text = value.text, isBool == flag.isSwitch, flag.assign(&self, text) else {
            throw .usage("\(path): \(key) must be \(flag.expected); it is \(value.description)")
        }
    }
}
