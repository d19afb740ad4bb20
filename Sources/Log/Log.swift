/// Structured logging to standard error: one event is one line, and nothing is logged per packet.
///
/// `Log.info("room.created", ["room": id.text])`; the fields are not even made when the level is off.
/// Safe from every thread.
public enum Log {
    public enum Level: Int, Sendable, Comparable, CaseIterable {
        case debug, info, warning, error

        /// As written in a line and in the configuration.
        public var name: String {
            switch self {
            case .debug: "debug"
            case .info: "info"
            case .warning: "warning"
            case .error: "error"
            }
        }

        public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }
    }

    /// How a line looks.
    public enum Format: Int, Sendable, CaseIterable {
        /// `time=… level=info event=room.created room=standup`
        case text
        /// `{"time":"…","level":"info","event":"room.created","room":"standup"}`
        case json

        /// As written in the configuration.
        public var name: String {
            switch self {
            case .text: "text"
            case .json: "json"
            }
        }
    }

    /// Sets what is written from now on; before the first call it is `info` as text.
    public static func configure(level: Level, format: Format) { sink.configure(level: level, format: format) }

    /// Whether that level is written; for work that only makes sense then.
    public static func isEnabled(_ level: Level) -> Bool { sink.isEnabled(level) }

    public static func debug(_ event: StaticString, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]) {
        if sink.isEnabled(.debug) { sink.write(.debug, event, fields()) }
    }
    public static func info(_ event: StaticString, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]) {
        if sink.isEnabled(.info) { sink.write(.info, event, fields()) }
    }
    public static func warning(_ event: StaticString, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:])
    {
        if sink.isEnabled(.warning) { sink.write(.warning, event, fields()) }
    }
    public static func error(_ event: StaticString, _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]) {
        if sink.isEnabled(.error) { sink.write(.error, event, fields()) }
    }

    private static let sink = LogSink(descriptor: 2)
}
