/// What `switchyard load --help` prints.
package enum LoadHelp {
    package static var text: String {
        var text = """
            Usage: switchyard load [SCENARIO [N]] [FLAGS]

            Fills rooms of a running server with synthetic WebRTC clients, real on the wire, and checks every packet
            that comes back: loss, duplication, order, corruption, one-way latency. Only load servers that are yours.

            Scenarios; flags given after one change it

            """
        for preset in LoadPreset.allCases { text += line("\(preset.rawValue) N", preset.summary) }
        text += "\nFlags; all but --allow-target, --insecure and --api-key may also stand in the file of --scenario\n"
        for flag in LoadFlag.all {
            text += line(
                "--\(flag.isSwitch ? "[no-]" : "")\(flag.name)\(flag.placeholder.isEmpty ? "" : " " + flag.placeholder)",
                flag.summary)
        }
        text += """

            Exit codes: 0 done and every stated bound held, 1 a bound was broken or the run failed, 2 wrong command line
            or a target that may not be loaded.

            """
        return text
    }

    private static func line(_ name: String, _ summary: String) -> String {
        "  " + name + String(repeating: " ", count: max(2, 28 - name.count)) + summary + "\n"
    }
}
