/// ISO 8601 in UTC with milliseconds: `2026-11-21T13:47:55.123Z`.
package enum Timestamp {
    /// Appends the 24 bytes of a time between the years 0 and 9999.
    package static func append(to line: inout [UInt8], millisecondsSince1970 time: Int64) {
        let (days, milliseconds) = dividedDown(time, 86_400_000)
        let date = civil(daysSince1970: days)
        append(date.year, digits: 4, to: &line)
        line.append(UInt8(ascii: "-"))
        append(date.month, digits: 2, to: &line)
        line.append(UInt8(ascii: "-"))
        append(date.day, digits: 2, to: &line)
        line.append(UInt8(ascii: "T"))
        append(milliseconds / 3_600_000, digits: 2, to: &line)
        line.append(UInt8(ascii: ":"))
        append(milliseconds / 60_000 % 60, digits: 2, to: &line)
        line.append(UInt8(ascii: ":"))
        append(milliseconds / 1000 % 60, digits: 2, to: &line)
        line.append(UInt8(ascii: "."))
        append(milliseconds % 1000, digits: 3, to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    private static func append(_ number: Int64, digits: Int, to line: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            line.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }

    /// The Gregorian date of a day. Years are counted from 1 March, so that the leap day is a year's last, and in
    /// eras of 400 years, which are all equally long.
    private static func civil(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = dividedDown(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    /// Quotient rounded down, and the remainder, which is never negative.
    private static func dividedDown(_ number: Int64, _ divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
