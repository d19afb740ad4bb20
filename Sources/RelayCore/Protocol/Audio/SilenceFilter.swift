/// Leaves out most of a stream of Opus packets that say nothing.
///
/// A client that sends digital silence (level 127 by RFC 6464) without discontinuous transmission sends a tiny packet every 20 ms. A
/// client with discontinuous transmission would have sent one each 400 ms (RFC 7587 §3.1.3), and receivers fill the time between by
/// themselves; so does this: the first packets of a silence pass, then one each 400 ms, shortened to what tells a decoder so, and the
/// first packet of the next talk spurt gets the marker (RFC 3551 §4.1). Timestamps stay what they are.
package struct SilenceFilter: Sendable {
    /// What to do with a packet.
    package struct Verdict: Equatable, Sendable {
        package var isForwarded = true
        /// Packets before it were left out: whoever gets it must not miss them.
        package var followsGap = false
        /// It is the first after a silence.
        package var startsSpurt = false
        /// Bytes of the payload to forward; fewer than there are for a packet that stands for a whole silence.
        package var payloadLength: Int
    }

    /// Up to this a packet can be silence: the table of contents, and the two bytes in which an encoder says that there is nothing.
    private static let longestSilence = 3
    /// Opus has a clock of 48 kHz (RFC 7587 §4.1). So much of a silence passes, as encoders do with discontinuous transmission.
    private static let beginning: UInt32 = 48_000 / 5
    /// Then one packet each 400 ms.
    private static let pause: UInt32 = 48_000 * 2 / 5

    /// Of the silence's first packet; nil while there is none.
    private var silentSince: UInt32?
    private var forwarded: UInt32 = 0
    private var newest: UInt32?
    private var hasGap = false
    /// Packets that were left out.
    package private(set) var leftOut: UInt64 = 0

    package init() {}

    /// Judges the next packet.
    /// - Parameters:
    ///   - contents: the payload's first byte, Opus's table of contents.
    ///   - dBov: the level, 0…127; nil where the packet bears none: then nothing is known, and it is forwarded.
    package mutating func judge(contents: UInt8, payloadLength: Int, dBov: UInt8?, timestamp: UInt32) -> Verdict {
        let isSilent = dBov == 127 && payloadLength <= Self.longestSilence
        if let newest, Int32(bitPattern: timestamp &- newest) < 0 {
            // Late: what belongs to a silence is not worth anything any more.
            return Verdict(isForwarded: !isSilent, payloadLength: payloadLength)
        }
        newest = timestamp
        guard isSilent else { return speak(timestamp, payloadLength) }
        let since = silentSince ?? timestamp
        silentSince = since
        if timestamp &- since < Self.beginning {
            return forward(timestamp, Verdict(followsGap: hasGap, payloadLength: payloadLength))
        }
        guard timestamp &- forwarded >= Self.pause else {
            hasGap = true
            leftOut &+= 1
            return Verdict(isForwarded: false, payloadLength: payloadLength)
        }
        // One frame (code 0) of no bytes is how Opus says that nothing was transmitted.
        let length = contents & 3 == 0 ? 1 : payloadLength
        return forward(timestamp, Verdict(followsGap: hasGap, payloadLength: length))
    }

    private mutating func speak(_ timestamp: UInt32, _ length: Int) -> Verdict {
        let wasSilent = silentSince.map { timestamp &- $0 >= Self.beginning } ?? false
        silentSince = nil
        return forward(
            timestamp, Verdict(followsGap: hasGap, startsSpurt: wasSilent && hasGap, payloadLength: length))
    }

    private mutating func forward(_ timestamp: UInt32, _ verdict: Verdict) -> Verdict {
        forwarded = timestamp
        hasGap = false
        return verdict
    }
}
