/// Every setting as Markdown: the tables of docs/configuration.md.
public enum SettingsReference {
    public static var markdown: String {
        Setting.Group.allCases.map { group in
            let rows = SettingsTable.all.filter { $0.group == group }.map(row).joined()
            return "### \(group.rawValue)\n\n| Setting | Default | Meaning |\n|---|---|---|\n\(rows)"
        }.joined(separator: "\n")
    }

    private static func row(_ setting: Setting) -> String {
        let values = setting.texts(Settings())
        let preset = values.isEmpty ? "none" : "`\(values.joined(separator: ","))`"
        let value = setting.isSwitch ? "" : " " + setting.placeholder
        let negation = setting.isSwitch ? ", `--no-\(setting.flag)`" : ""
        let several = setting.isList ? " (may be repeated)" : ""
        let expected = setting.expected.prefix(1).uppercased() + setting.expected.dropFirst()
        return
            "| `\(setting.key)`<br>`--\(setting.flag)\(value)`\(negation)\(several)<br>`\(setting.environmentVariable)` "
            + "| \(preset) | \(setting.summary) *\(expected).* |\n"
    }
}
