internal import Log
internal import RelayControl

/// How values of one type are written as text.
package struct SettingFormat<Value: Sendable>: Sendable {
    package var placeholder: String
    /// What a text must be, for errors.
    package var expected: String
    /// Whether JSON has it without quotes.
    var isLiteral = false
    var isSwitch = false
    /// Nil when the text is not what is expected.
    package var read: @Sendable (String) -> Value?
    /// What `read` reads back as the same value.
    package var write: @Sendable (Value) -> String
}

extension SettingFormat where Value: FixedWidthInteger {
    package static func number(
        _ placeholder: String = "N", _ what: String = "a whole number", in range: ClosedRange<Value>
    )
        -> Self
    {
        Self(
            placeholder: placeholder, expected: "\(what) from \(range.lowerBound) to \(range.upperBound)",
            isLiteral: true,
            read: { text in Value(text).flatMap { range.contains($0) ? $0 : nil } },
            write: { String($0) })
    }
}

extension SettingFormat<Int> {
    /// Bytes: `262144`, `256KiB`, `1 MiB`.
    static func bytes(in range: ClosedRange<Int>) -> Self {
        let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)]
        let write: @Sendable (Int) -> String = { bytes in
            let (name, size) = units.first { bytes % $0.1 == 0 && bytes >= $0.1 } ?? ("B", 1)
            return size == 1 ? String(bytes) : "\(bytes / size)\(name)"
        }
        return Self(
            placeholder: "BYTES",
            expected:
                "a size such as 65536, 256KiB or 1MiB, from \(write(range.lowerBound)) to \(write(range.upperBound))",
            read: { text in
                let (digits, unit) = numberAndUnit(text)
                guard let number = Int(digits) else { return nil }
                guard let size = unit.isEmpty ? 1 : units.first(where: { $0.0.lowercased() == unit.lowercased() })?.1
                else { return nil }
                let (bytes, overflow) = number.multipliedReportingOverflow(by: size)
                return overflow || !range.contains(bytes) ? nil : bytes
            },
            write: write)
    }
}

extension SettingFormat<Duration> {
    /// Time: `30`, `30s`, `500ms`, `5m`, `1h`; seconds without a unit.
    package static func duration(in range: ClosedRange<Duration>) -> Self {
        let units: [(String, Int64)] = [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)]
        let write: @Sendable (Duration) -> String = { duration in
            let milliseconds = duration.wholeMilliseconds
            let (name, size) = units.first { milliseconds % $0.1 == 0 && milliseconds >= $0.1 } ?? ("ms", 1)
            return "\(milliseconds / size)\(name)"
        }
        return Self(
            placeholder: "TIME",
            expected:
                "a time such as 500ms, 30s, 5m or 1h (a number alone is seconds), from \(write(range.lowerBound)) to \(write(range.upperBound))",
            read: { text in
                let (digits, unit) = numberAndUnit(text)
                guard let size = units.first(where: { $0.0 == (unit.isEmpty ? "s" : unit) })?.1 else { return nil }
                guard let number = Double(digits), number >= 0, number <= 1e9 else { return nil }
                guard let milliseconds = Int64(exactly: (number * Double(size)).rounded()) else { return nil }
                return range.contains(.milliseconds(milliseconds)) ? .milliseconds(milliseconds) : nil
            },
            write: write)
    }
}

extension SettingFormat<Bool> {
    static let flag = Self(
        placeholder: "", expected: "true or false", isLiteral: true, isSwitch: true,
        read: {
            ["true": true, "false": false, "1": true, "0": false, "yes": true, "no": false, "on": true, "off": false][
                $0.lowercased()]
        },
        write: { $0 ? "true" : "false" })
}

extension SettingFormat<String> {
    package static let file = Self(
        placeholder: "FILE", expected: "a file's path", read: { $0.isEmpty || $0.contains("\0") ? nil : $0 },
        write: { $0 })
    static let directory = Self(
        placeholder: "DIR", expected: "a folder's path", read: { $0.isEmpty || $0.contains("\0") ? nil : $0 },
        write: { $0 })

    /// What fits after `Authorization: Bearer `.
    package static let key = Self(
        placeholder: "KEY", expected: "a key of visible ASCII characters without spaces or commas",
        read: { text in
            let isGood = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") }
            return isGood ? text : nil
        },
        write: { $0 })

    /// What a browser puts into its `Origin` header.
    static let origin = Self(
        placeholder: "ORIGIN", expected: "an origin such as https://app.example.com, without a path",
        read: { text in
            let text = text.lowercased()
            guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return nil }
            let host = text.dropFirst(scheme.count)
            let isGood =
                !host.isEmpty && host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
                && !host.contains { "/?#@,*\\".contains($0) }
            return isGood ? text : nil
        },
        write: { $0 })
}

extension SettingFormat<ListenAddress> {
    static let listenAddress = Self(
        placeholder: "ADDR:PORT",
        expected: "an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080 (port 0: a free one)",
        read: { ListenAddress($0) }, write: { $0.description })
}

extension SettingFormat<RelaySettings.Announcement> {
    static let announcement = Self(
        placeholder: "ADDR",
        expected: "an IP address of this machine, or PUBLIC=LOCAL with two IP addresses of one kind",
        read: { text in
            let parts = text.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard let first = parts.first, let last = parts.last, parts.count <= 2 else { return nil }
            guard let family = IPAddress.family(of: first), IPAddress.family(of: last) == family else { return nil }
            return RelaySettings.Announcement(advertised: first, local: last)
        },
        write: { $0.advertised == $0.local ? $0.local : "\($0.advertised)=\($0.local)" })
}

extension SettingFormat<Log.Level> {
    static let logLevel = Self.choice(Log.Level.allCases, \.name, placeholder: "LEVEL")
}

extension SettingFormat<Log.Format> {
    static let logFormat = Self.choice(Log.Format.allCases, \.name, placeholder: "FORMAT")
}

extension SettingFormat<RelaySettings.SRTPBackend> {
    static let srtpBackend = Self.choice(RelaySettings.SRTPBackend.allCases, \.rawValue, placeholder: "NAME")
}

extension SettingFormat {
    fileprivate static func choice(_ all: [Value], _ name: any KeyPath<Value, String> & Sendable, placeholder: String)
        -> Self
    {
        let names = all.map { $0[keyPath: name] }
        return Self(
            placeholder: placeholder, expected: "one of " + names.joined(separator: ", "),
            read: { text in all.first { $0[keyPath: name] == text } },
            write: { $0[keyPath: name] })
    }
}

extension Duration {
    /// In milliseconds, rounded down.
    public var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds &* 1000 &+ attoseconds / 1_000_000_000_000_000
    }
}

/// `30 s` is `30` and `s`.
private func numberAndUnit(_ text: String) -> (number: Substring, unit: Substring) {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    return (number, text[number.endIndex...].drop { $0 == " " })
}
