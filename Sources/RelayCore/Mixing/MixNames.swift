package import RelayProtocol

/// A sound that comes into a room's mix: one stream of one participant. Whoever adds it chooses the number.
package struct MixInputID: Hashable, Sendable {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// Somebody, or some connection, that a room's mix is sent to. Whoever adds it chooses the number.
package struct MixListenerID: Hashable, Sendable {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// Whose sound it is: nobody hears an input of their own. A participant may have several inputs (a microphone, a shared screen's
/// sound) and several listeners.
package struct MixOwner: Hashable, Sendable {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// A room's mix among those of a `Mixer`. Whoever opens it chooses the number.
package struct MixRoomID: Hashable, Sendable {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }
}

/// What sound comes as, and leaves as.
package enum MixCodec: Sendable, CaseIterable {
    /// RFC 6716, 7587: an RTP clock of 48 kHz, whatever is inside.
    case opus
    /// G.711 mu-law, RFC 3551's payload type 0: 8 kHz.
    case pcmu
    /// G.711 A-law, RFC 3551's payload type 8: 8 kHz.
    case pcma

    /// Of RTP timestamps, in Hz.
    package var clockRate: Int { self == .opus ? 48_000 : 8_000 }
}

/// The mix's clock: everything inside is mono at 48 kHz, in frames of 20 ms.
package enum MixClock {
    package static let rate = 48_000
    /// Samples of a frame.
    package static let frame = 960
    /// A frame's time, and between two ticks.
    package static let tick = Instant.Span.milliseconds(20)

    /// How long `samples` take; what is out of all bounds wraps.
    static func microseconds(_ samples: Int64) -> Int64 { (samples &* 125) / 6 }
}
