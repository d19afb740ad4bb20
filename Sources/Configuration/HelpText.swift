/// What `switchyard help` prints.
public enum HelpText {
    public static var text: String {
        var text = """
            Switchyard: a WebRTC media relay (SFU) with a REST API.

            Usage
              switchyard serve [SETTINGS]     Run the relay. Ends on SIGTERM or SIGINT, at once on a second one.
              switchyard config [SETTINGS]    Print the settings in force and where each came from.
              switchyard config --reference   Print every setting as Markdown.
              switchyard backup FILE          Copy what is kept in data-dir to a file, also while a server runs.
              switchyard load [SCENARIO N]    Fill rooms with synthetic clients and measure (switchyard load --help).
              switchyard version              Print the version.
              switchyard help                 Print this.

            Settings come from flags, else from the environment, else from the file, else from the defaults, shown
            in brackets. The file is JSON5. A setting named http.listen there is SWITCHYARD_HTTP_LISTEN in the
            environment. Flags marked * may be repeated.

              --config FILE
                  The configuration file; also SWITCHYARD_CONFIG.
              --no-supervise
                  serve: run in this very process, and do not restart after a crash.
              --force
                  backup: replace the file if it is there.

            """
        for group in Setting.Group.allCases {
            text += "\n\(group.rawValue)\n"
            for setting in SettingsTable.all where setting.group == group { text += entry(setting) }
        }
        text += """

            Exit codes: 0 ended as asked, 1 could not start or failed, 2 wrong command line or configuration.

            """
        return text
    }

    private static func entry(_ setting: Setting) -> String {
        let values = setting.texts(Settings())
        let preset = values.isEmpty ? "none" : values.joined(separator: ",")
        let value = setting.isSwitch ? "" : " " + setting.placeholder
        let negation = setting.isSwitch ? ", --no-\(setting.flag)" : ""
        let head = "  --\(setting.flag)\(value)\(negation)\(setting.isList ? " *" : "")  [\(preset)]"
        let name = head.count < 58 ? String(repeating: " ", count: 58 - head.count) : "  "
        return head + name + setting.key + "\n" + wrapped(setting.summary, indent: 6, width: 100)
    }

    /// Lines of at most `width` characters.
    private static func wrapped(_ text: String, indent: Int, width: Int) -> String {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, indent + last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.map { String(repeating: " ", count: indent) + $0 + "\n" }.joined()
    }
}
