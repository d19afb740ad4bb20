/// A point on the loop's monotonic clock. Only the loop reads the clock; everything else is handed an instant.
public struct Instant: Comparable, Hashable, Sendable {
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static let zero = Instant(microseconds: 0)

    public static func < (a: Instant, b: Instant) -> Bool { a.microseconds < b.microseconds }
    public static func + (instant: Instant, span: Span) -> Instant {
        Instant(microseconds: instant.microseconds &+ span.microseconds)
    }
    public static func - (a: Instant, b: Instant) -> Span { Span(microseconds: a.microseconds &- b.microseconds) }

    /// A length of time.
    public struct Span: Comparable, Hashable, Sendable {
        public var microseconds: Int64

        public init(microseconds: Int64) { self.microseconds = microseconds }

        public static func microseconds(_ count: Int64) -> Span { Span(microseconds: count) }
        public static func milliseconds(_ count: Int64) -> Span { Span(microseconds: count &* 1_000) }
        public static func seconds(_ count: Int64) -> Span { Span(microseconds: count &* 1_000_000) }

        public var milliseconds: Int64 { microseconds / 1_000 }
        public var seconds: Double { Double(microseconds) / 1_000_000 }

        public static func < (a: Span, b: Span) -> Bool { a.microseconds < b.microseconds }
        public static func + (a: Span, b: Span) -> Span { Span(microseconds: a.microseconds &+ b.microseconds) }
        public static func * (a: Span, factor: Int64) -> Span { Span(microseconds: a.microseconds &* factor) }
        public static func - (a: Span, b: Span) -> Span { Span(microseconds: a.microseconds &- b.microseconds) }
    }
}
