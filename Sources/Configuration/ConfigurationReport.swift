/// What `switchyard config` prints: the settings in force as a configuration file, each with where it came from.
///
/// Reading the report back gives the same settings, but for the secrets, which are masked.
public enum ConfigurationReport {
    public static func text(_ configuration: Configuration) -> String {
        var sections: [String] = []
        for object in objects() {
            let lines = object.settings.map { setting in
                let name = object.name.isEmpty ? setting.key : String(setting.key.dropFirst(object.name.count + 1))
                return (value: "\(quotedKey(name)): \(literal(setting, configuration.settings)),", setting: setting)
            }
            if object.name.isEmpty {
                sections += lines.map { line($0.value, $0.setting, configuration, indent: 4) }
            } else {
                let inner = lines.map { line($0.value, $0.setting, configuration, indent: 8) }.joined()
                sections.append("    \(quotedKey(object.name)): {\n\(inner)    },\n")
            }
        }
        return "{\n" + sections.joined() + "}\n"
    }

    /// The settings by their key's first part, in the table's order; "" for those without a dot.
    private static func objects() -> [(name: String, settings: [Setting])] {
        var objects: [(name: String, settings: [Setting])] = []
        for setting in SettingsTable.all {
            let name = setting.key.firstIndex(of: ".").map { String(setting.key[..<$0]) } ?? ""
            if let index = objects.firstIndex(where: { $0.name == name }) {
                objects[index].settings.append(setting)
            } else {
                objects.append((name, [setting]))
            }
        }
        return objects
    }

    private static func line(_ value: String, _ setting: Setting, _ configuration: Configuration, indent: Int) -> String
    {
        let start = String(repeating: " ", count: indent) + value
        let padding = String(repeating: " ", count: max(2, 48 - start.count))
        return "\(start)\(padding)// \(escaped(configuration.source(of: setting).description))\n"
    }

    private static func literal(_ setting: Setting, _ settings: Settings) -> String {
        let texts = setting.texts(settings).map { setting.isSecret ? mask : $0 }
        let literals = texts.map { setting.isLiteral && isNumberOrBool($0) ? $0 : "\"\(escaped($0))\"" }
        return setting.isList ? "[\(literals.joined(separator: ", "))]" : literals.first ?? "\"\""
    }

    /// Says nothing of the secret, not even its length.
    static let mask = "********"

    private static func isNumberOrBool(_ text: String) -> Bool {
        text == "true" || text == "false" || text.allSatisfy { $0.isASCII && $0.isNumber }
    }

    private static func quotedKey(_ name: String) -> String { name.contains("-") ? "\"\(name)\"" : name }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
