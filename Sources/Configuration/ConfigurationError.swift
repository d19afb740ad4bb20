/// What is wrong with a command line or a configuration; `description` is for the person who wrote it.
public enum ConfigurationError: Error, Equatable, CustomStringConvertible {
    case missingCommand
    /// A command that is about something was not told about what.
    case missingOperand(command: String, placeholder: String)
    case unknownCommand(String, nearest: String?)
    case unknownFlag(String, nearest: String?)
    /// A flag that needs a value came last, or before another flag.
    case missingValue(flag: String, placeholder: String)
    /// A flag that takes no value was given one.
    case needlessValue(flag: String)
    case unexpectedArgument(String)
    case unknownKey(String, file: String, nearest: String?)
    case repeatedKey(String, file: String)
    /// `value` is nil where the setting is a secret.
    case badValue(key: String, value: String?, source: SettingSource, expected: String)
    case unreadableFile(String, reason: String)
    case malformedFile(String, reason: String)
    /// Settings that do not go together.
    case inconsistent(String)

    public var description: String {
        switch self {
        case .missingCommand: "a command is missing: serve, config, backup, load, version or help"
        case .missingOperand(let command, let placeholder):
            "\(command) needs to be told a \(placeholder.lowercased()): switchyard \(command) \(placeholder)"
        case .unknownCommand(let name, let nearest): "there is no command \"\(name)\"" + hint(nearest)
        case .unknownFlag(let flag, let nearest): "there is no flag \(flag)" + hint(nearest)
        case .missingValue(let flag, let placeholder): "\(flag) needs a value: \(flag) \(placeholder)"
        case .needlessValue(let flag): "\(flag) takes no value"
        case .unexpectedArgument(let argument): "unexpected argument \"\(argument)\""
        case .unknownKey(let key, let file, let nearest): "\(file): there is no setting \"\(key)\"" + hint(nearest)
        case .repeatedKey(let key, let file): "\(file): \"\(key)\" is set twice"
        case .badValue(let key, let value, let source, let expected):
            "\(key) (\(source)) must be \(expected)" + (value.map { "; it is \"\($0)\"" } ?? "")
        case .unreadableFile(let file, let reason): "cannot read \(file): \(reason)"
        case .malformedFile(let file, let reason): "\(file): \(reason)"
        case .inconsistent(let problem): problem
        }
    }

    private func hint(_ nearest: String?) -> String { nearest.map { "; did you mean \($0)?" } ?? "" }
}

/// Where a value came from.
public enum SettingSource: Sendable, Equatable, CustomStringConvertible {
    case preset
    case file(String)
    case environment(variable: String)
    case flag(String)

    public var description: String {
        switch self {
        case .preset: "default"
        case .file(let path): "file \(path)"
        case .environment(let variable): "environment \(variable)"
        case .flag(let flag): "flag \(flag)"
        }
    }
}
