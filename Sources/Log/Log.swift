/// Structured logging: one line an event, nothing per packet.
public enum Log {
    public enum Level: Int, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error
        public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    }

    public static func debug(_ event: StaticString, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.debug, event, fields)
    }
    public static func info(_ event: StaticString, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.info, event, fields)
    }
    public static func warning(_ event: StaticString, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.warning, event, fields)
    }
    public static func error(_ event: StaticString, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.error, event, fields)
    }

    private static func write(_ level: Level, _ event: StaticString, _ fields: KeyValuePairs<String, String>) {
    }
}
