/// The configuration file: JSON5, objects within objects; `{http: {listen: …}}` and `{"http.listen": …}` mean the same.
struct ConfigurationFile {
    /// Texts by key; several for an array.
    private(set) var values: [String: [String]] = [:]

    /// - Parameter path: for errors only.
    init(bytes: [UInt8], path: String) throws(ConfigurationError) {
        let members = try JSON5File.members(bytes, path: path)
        try add(members, under: "", path: path)
    }

    private mutating func add(_ members: [(key: String, value: JSON5Value)], under prefix: String, path: String)
        throws(ConfigurationError)
    {
        for (name, value) in members {
            let key = prefix + name
            if case .object(let inner) = value {
                try add(inner, under: key + ".", path: path)
                continue
            }
            guard let setting = SettingsTable.setting(key: key) else {
                throw .unknownKey(key, file: path, nearest: Nearest.name(to: key, among: SettingsTable.all.map(\.key)))
            }
            if values[key] != nil { throw .repeatedKey(key, file: path) }
            guard let texts = Self.texts(value, isList: setting.isList) else {
                throw .badValue(
                    key: key, value: setting.isSecret ? nil : value.description, source: .file(path),
                    expected: setting.expected)
            }
            values[key] = texts
        }
    }

    private static func texts(_ value: JSON5Value, isList: Bool) -> [String]? {
        if let text = value.text { return [text] }
        guard isList, case .array(let elements) = value else { return nil }
        let texts = elements.compactMap(\.text)
        return texts.count == elements.count ? texts : nil
    }
}
