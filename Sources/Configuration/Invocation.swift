/// A command line, read: what to do and what it sets.
public struct Invocation: Sendable, Equatable {
    public var command: Command
    /// Values by the settings' keys, in the order given.
    public var values: [String: [String]] = [:]
    /// The flag by which each of them was given, as typed.
    public var flags: [String: String] = [:]
    /// `--config`
    public var file: String?
    /// Whether `serve` runs under the supervisor.
    public var supervises = true
    /// `config --reference`
    public var wantsReference = false
    /// `backup FILE`
    public var backupFile: String?
    /// `backup --force`: replaces the file.
    public var forces = false

    public enum Command: String, Sendable, CaseIterable {
        case serve, config, backup, version, help
    }

    /// - Parameter arguments: without the program's name.
    public init(arguments: [String]) throws(ConfigurationError) {
        command = .help
        var named: Command?
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "-h" || argument == "--help" {
                command = .help
                return
            }
            if argument == "--version" {
                command = .version
                return
            }
            if argument.hasPrefix("-") {
                try read(flag: argument, rest: &rest)
            } else if named == nil {
                guard let found = Command(rawValue: argument) else {
                    throw .unknownCommand(
                        argument,
                        nearest: Nearest.name(to: argument, among: Command.allCases.map(\.rawValue) + ["load"]))
                }
                named = found
            } else if named == .backup && backupFile == nil {
                backupFile = argument
            } else if named != .help {
                throw .unexpectedArgument(argument)
            }
        }
        guard let named else { throw .missingCommand }
        if named == .backup && backupFile == nil { throw .missingOperand(command: "backup", placeholder: "FILE") }
        command = named
    }

    private mutating func read(flag argument: String, rest: inout ArraySlice<String>) throws(ConfigurationError) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let flag = parts[0]
        let value = parts.count == 2 ? parts[1] : nil
        switch flag {
        case "--config": file = try Self.value(of: flag, "FILE", inline: value, rest: &rest)
        case "--no-supervise", "--reference", "--force":
            if value != nil { throw .needlessValue(flag: flag) }
            switch flag {
            case "--reference": wantsReference = true
            case "--force": forces = true
            default: supervises = false
            }
        default: try readSetting(flag: flag, inline: value, rest: &rest)
        }
    }

    private mutating func readSetting(flag: String, inline: String?, rest: inout ArraySlice<String>)
        throws(ConfigurationError)
    {
        if let setting = Self.setting(of: flag) {
            let value: String
            if setting.isSwitch {
                value = inline ?? "true"
            } else {
                value = try Self.value(of: flag, setting.placeholder, inline: inline, rest: &rest)
            }
            values[setting.key] = setting.isList ? (values[setting.key] ?? []) + setting.split(value) : [value]
            flags[setting.key] = flag
        } else if flag.hasPrefix("--no-"), let setting = Self.setting(of: "--" + flag.dropFirst(5)), setting.isSwitch {
            if inline != nil { throw .needlessValue(flag: flag) }
            values[setting.key] = ["false"]
            flags[setting.key] = flag
        } else {
            let known = SettingsTable.all.flatMap(\.flags) + ["config", "no-supervise", "force", "help", "version"]
            let nearest = Nearest.name(to: String(flag.drop { $0 == "-" }), among: known)
            throw .unknownFlag(flag, nearest: nearest.map { "--" + $0 })
        }
    }

    private static func setting(of flag: String) -> Setting? {
        guard flag.hasPrefix("--") else { return nil }
        let name = String(flag.dropFirst(2))
        return SettingsTable.all.first { $0.flags.contains(name) }
    }

    private static func value(
        of flag: String, _ placeholder: String, inline: String?, rest: inout ArraySlice<String>
    ) throws(ConfigurationError) -> String {
        if let inline { return inline }
        guard let next = rest.first, !next.hasPrefix("--") else {
            throw .missingValue(flag: flag, placeholder: placeholder)
        }
        rest.removeFirst()
        return next
    }
}

extension Setting {
    /// The values of a list that is written in one text, with commas.
    func split(_ text: String) -> [String] {
        text.split(separator: ",").map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }
}
