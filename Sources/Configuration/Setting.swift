/// One row of the table: how a setting is named, read, shown and explained.
public struct Setting: Sendable {
    /// Its name in the file, a path of objects: `http.listen`.
    public let key: String
    public let group: Group
    /// The flag that the help shows, without dashes: `listen`.
    public let flag: String
    /// What stands for the value in the help: `ADDR:PORT`; empty where the flag alone is enough.
    public let placeholder: String
    /// What a value must be, for errors: `a port from 0 to 65535`.
    public let expected: String
    /// One or two sentences.
    public let summary: String
    /// Never shown.
    public let isSecret: Bool
    /// Takes several values: an array in the file, commas in the environment, a flag that may be repeated.
    public let isList: Bool
    /// `--flag` and `--no-flag` without a value.
    public let isSwitch: Bool
    /// Whether the file has the value without quotes.
    let isLiteral: Bool

    /// Reads the texts (one, unless `isList`) into the settings; false when one is not what is expected.
    let assign: @Sendable (inout Settings, [String]) -> Bool
    /// The value as `assign` would read it.
    let texts: @Sendable (Settings) -> [String]

    public enum Group: String, Sendable, CaseIterable {
        case http = "HTTP"
        case media = "Media"
        case rooms = "Rooms and users"
        case process = "The process"
    }

    /// `SWITCHYARD_HTTP_LISTEN`
    public var environmentVariable: String {
        "SWITCHYARD_" + key.map { $0 == "." || $0 == "-" ? "_" : $0.uppercased() }.joined()
    }

    /// Every flag that means it: `listen`, and the key's own form, `http-listen`.
    public var flags: [String] {
        let long = key.replacing(".", with: "-")
        return long == flag ? [flag] : [flag, long]
    }
}

extension String {
    fileprivate func replacing(_ character: Character, with other: Character) -> String {
        String(map { $0 == character ? other : $0 })
    }
}

extension Setting {
    /// A setting that always has a value.
    init<Value: Sendable>(
        _ key: String, _ group: Group, flag: String? = nil, _ path: any WritableKeyPath<Settings, Value> & Sendable,
        _ format: SettingFormat<Value>, _ summary: String
    ) {
        self.init(
            key, group, flag: flag, format, expected: format.expected, summary,
            assign: { settings, texts in
                guard let text = texts.first, texts.count == 1, let value = format.read(text) else { return false }
                settings[keyPath: path] = value
                return true
            },
            texts: { [format.write($0[keyPath: path])] })
    }

    /// A setting that may have no value, which is written as `absent`.
    init<Value: Sendable>(
        _ key: String, _ group: Group, flag: String? = nil, _ path: any WritableKeyPath<Settings, Value?> & Sendable,
        _ format: SettingFormat<Value>, absent: String, _ summary: String
    ) {
        self.init(
            key, group, flag: flag, format, expected: "\(format.expected), or \(absent)", summary,
            assign: { settings, texts in
                guard let text = texts.first, texts.count == 1 else { return false }
                let value = format.read(text)
                if value == nil && text != absent { return false }
                settings[keyPath: path] = text == absent ? nil : value
                return true
            },
            texts: { [$0[keyPath: path].map(format.write) ?? absent] })
    }

    /// A setting with any number of values.
    init<Value: Sendable>(
        _ key: String, _ group: Group, flag: String? = nil,
        list path: any WritableKeyPath<Settings, [Value]> & Sendable,
        _ format: SettingFormat<Value>, secret: Bool = false, _ summary: String
    ) {
        self.init(
            key, group, flag: flag, format, expected: format.expected, isSecret: secret, isList: true, summary,
            assign: { settings, texts in
                var values: [Value] = []
                for text in texts {
                    guard let value = format.read(text) else { return false }
                    values.append(value)
                }
                settings[keyPath: path] = values
                return true
            },
            texts: { $0[keyPath: path].map(format.write) })
    }

    private init<Value>(
        _ key: String, _ group: Group, flag: String?, _ format: SettingFormat<Value>, expected: String,
        isSecret: Bool = false, isList: Bool = false, _ summary: String,
        assign: @escaping @Sendable (inout Settings, [String]) -> Bool,
        texts: @escaping @Sendable (Settings) -> [String]
    ) {
        self.key = key
        self.group = group
        self.flag = flag ?? key.replacing(".", with: "-")
        self.placeholder = format.placeholder
        self.expected = expected
        self.summary = summary
        self.isSecret = isSecret
        self.isList = isList
        self.isSwitch = format.isSwitch
        self.isLiteral = format.isLiteral
        self.assign = assign
        self.texts = texts
    }
}
