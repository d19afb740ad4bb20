import Foundation

/// Points in time as the API writes them: ISO 8601, UTC, milliseconds.
enum Timestamp {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    static func text(secondsSince1970 seconds: Double) -> String {
        // A hair past the millisecond, because formatting cuts off and 0.1 has no exact binary form.
        Date(timeIntervalSince1970: seconds + 0.000_01).formatted(style)
    }
}
