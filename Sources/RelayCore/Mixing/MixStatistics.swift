/// What came of an input's packets, or of those of all inputs of a room.
package struct MixStatistics: Equatable, Sendable {
    /// Everything that was received, whatever came of it.
    package var received: UInt64 = 0
    /// Not what their codec can be: empty, too long, or not decodable.
    package var invalid: UInt64 = 0
    /// A number that was there already.
    package var duplicate: UInt64 = 0
    /// Came when their time had been played.
    package var late: UInt64 = 0
    /// Given up because more waited than is kept.
    package var overflowed: UInt64 = 0
    /// Frames that were decoded.
    package var decoded: UInt64 = 0
    /// Came, and were not decoded: of somebody who is not among the loudest.
    package var unheard: UInt64 = 0
    /// Missing, and taken from the correction that the next packet bears.
    package var corrected: UInt64 = 0
    /// Missing, and made up.
    package var concealed: UInt64 = 0
    /// Times that sound was shortened or lengthened to change the delay.
    package var stretched: UInt64 = 0
    /// Times that sequence numbers or timestamps jumped, and all began anew.
    package var restarted: UInt64 = 0

    package init() {}

    package static func += (sum: inout MixStatistics, other: MixStatistics) {
        sum.received &+= other.received
        sum.invalid &+= other.invalid
        sum.duplicate &+= other.duplicate
        sum.late &+= other.late
        sum.overflowed &+= other.overflowed
        sum.decoded &+= other.decoded
        sum.unheard &+= other.unheard
        sum.corrected &+= other.corrected
        sum.concealed &+= other.concealed
        sum.stretched &+= other.stretched
        sum.restarted &+= other.restarted
    }
}
