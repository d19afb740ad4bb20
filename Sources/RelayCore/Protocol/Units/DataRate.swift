/// Bits per second, from 0 to 1 Tbit/s; arithmetic saturates at both ends, whatever it is fed with.
package struct DataRate: Comparable, Hashable, Sendable {
    private static let most: Int64 = 1_000_000_000_000

    package let bitsPerSecond: Int64

    package init(bitsPerSecond: Int64) { self.bitsPerSecond = min(max(bitsPerSecond, 0), Self.most) }

    /// What is no number counts as 0.
    package init(bitsPerSecond: Double) {
        self.bitsPerSecond =
            bitsPerSecond >= Double(Self.most) ? Self.most : bitsPerSecond > 0 ? Int64(bitsPerSecond) : 0
    }

    /// The average of `bytes` spread over `span`; spans below a microsecond count as one.
    package init(bytes: Int, over span: Instant.Span) {
        self.init(bitsPerSecond: Double(bytes) * 8_000_000 / Double(max(span.microseconds, 1)))
    }

    package static let zero = DataRate(bitsPerSecond: Int64(0))
    package static let unlimited = DataRate(bitsPerSecond: most)

    package static func bitsPerSecond(_ count: Int64) -> DataRate { DataRate(bitsPerSecond: count) }
    package static func kilobitsPerSecond(_ count: Int64) -> DataRate { DataRate(bitsPerSecond: Double(count) * 1_000) }
    package static func megabitsPerSecond(_ count: Int64) -> DataRate {
        DataRate(bitsPerSecond: Double(count) * 1_000_000)
    }

    package var kilobitsPerSecond: Double { Double(bitsPerSecond) / 1_000 }

    package static func < (a: DataRate, b: DataRate) -> Bool { a.bitsPerSecond < b.bitsPerSecond }
    package static func + (a: DataRate, b: DataRate) -> DataRate {
        DataRate(bitsPerSecond: a.bitsPerSecond + b.bitsPerSecond)
    }
    package static func - (a: DataRate, b: DataRate) -> DataRate {
        DataRate(bitsPerSecond: a.bitsPerSecond - b.bitsPerSecond)
    }
    package static func * (rate: DataRate, factor: Double) -> DataRate {
        DataRate(bitsPerSecond: Double(rate.bitsPerSecond) * factor)
    }

    /// Whole bytes that pass in `span`.
    package func bytes(in span: Instant.Span) -> Int {
        Int(min(Double(bitsPerSecond) * max(Double(span.microseconds), 0) / 8_000_000, 1e15))
    }

    /// How long `bytes` take; at most an hour.
    package func span(of bytes: Int) -> Instant.Span {
        let microseconds = Double(max(bytes, 0)) * 8_000_000 / Double(max(bitsPerSecond, 1))
        return .microseconds(Int64(min(microseconds, 3_600_000_000)))
    }
}
