/// Where a `Mixer`'s frames go. Called on the mixer's threads only, and soon to come back: all of a thread's rooms wait meanwhile.
package protocol MixSink: Sendable {
    /// One encoding of one room's tick. What the frame points to is valid only during the call.
    func mixed(_ frame: MixedFrame, in room: MixRoomID)
    /// All rooms of a thread have had their tick: what `mixed` gathered may leave now.
    func ticked()
}

/// What a `Mixer` has done since it began.
package struct MixerStatistics: Equatable, Sendable {
    /// Packets that found no place in the mailbox.
    package var dropped: UInt64 = 0
    /// Ticks, of which each mixes all rooms of a thread.
    package var ticks: UInt64 = 0
    /// Ticks that were made up for later than when they were due.
    package var late: UInt64 = 0
    /// Ticks that were left out because the thread was too late for them.
    package var skipped: UInt64 = 0
    package var rooms = 0

    package init() {}

    static func += (sum: inout MixerStatistics, other: MixerStatistics) {
        sum.dropped &+= other.dropped
        sum.ticks &+= other.ticks
        sum.late &+= other.late
        sum.skipped &+= other.skipped
        sum.rooms += other.rooms
    }
}
