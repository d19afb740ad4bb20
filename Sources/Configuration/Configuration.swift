/// The settings in force, and where each came from: flag before environment before file before default.
public struct Configuration: Sendable {
    public private(set) var settings = Settings()
    /// By the settings' keys; what is not in it has its default.
    public private(set) var sources: [String: SettingSource] = [:]
    /// What is not wrong but probably not meant.
    public private(set) var warnings: [String] = []

    /// Reads everything; a list from a stronger source replaces the weaker one's as a whole.
    /// - Parameters:
    ///   - environment: an empty variable counts as not set.
    ///   - readFile: the bytes of the configuration file.
    public init(
        _ invocation: Invocation, environment: [String: String],
        readFile: (String) throws(ConfigurationError) -> [UInt8] = Self.readFile
    ) throws(ConfigurationError) {
        let fromEnvironment = environment["SWITCHYARD_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        if let path = invocation.file ?? fromEnvironment {
            let file = try ConfigurationFile(bytes: try readFile(path), path: path)
            for setting in SettingsTable.all {
                if let texts = file.values[setting.key] { try set(setting, texts, .file(path)) }
            }
        }
        for setting in SettingsTable.all {
            let variable = setting.environmentVariable
            guard let text = environment[variable], !text.isEmpty else { continue }
            try set(setting, setting.isList ? setting.split(text) : [text], .environment(variable: variable))
        }
        for setting in SettingsTable.all {
            guard let texts = invocation.values[setting.key] else { continue }
            try set(setting, texts, .flag(invocation.flags[setting.key] ?? "--" + setting.flag))
        }
        warnings = Self.warnings(environment: environment)
    }

    public func source(of setting: Setting) -> SettingSource { sources[setting.key] ?? .preset }

    /// Reads a file from disk.
    public static func readFile(_ path: String) throws(ConfigurationError) -> [UInt8] {
        try JSON5File.read(path)
    }

    private mutating func set(_ setting: Setting, _ texts: [String], _ source: SettingSource) throws(ConfigurationError)
    {
        guard setting.assign(&settings, texts) else {
            let value = setting.isSecret ? nil : texts.joined(separator: ", ")
            throw .badValue(key: setting.key, value: value, source: source, expected: setting.expected)
        }
        sources[setting.key] = source
    }

    /// Mistyped variables. Only what is near a setting's name: container platforms add `SWITCHYARD_…` variables of their own.
    private static func warnings(environment: [String: String]) -> [String] {
        let known = SettingsTable.all.map(\.environmentVariable) + ["SWITCHYARD_CONFIG"]
        return environment.keys.filter { $0.hasPrefix("SWITCHYARD_") && !known.contains($0) }.sorted().compactMap {
            name in
            guard let nearest = known.first(where: { Nearest.distance($0, name) <= 2 }) else { return nil }
            return "the environment variable \(name) is not a setting; did you mean \(nearest)?"
        }
    }
}
