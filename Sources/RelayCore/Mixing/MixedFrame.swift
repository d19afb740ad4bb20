/// 20 ms of sound, encoded once for everybody who hears the same.
///
/// All of a room's frames are of one clock: a listener whose mix changes (because they begin to speak) goes on with the next timestamp.
/// Sequence numbers are the sender's affair: count what is sent to each listener.
package struct MixedFrame {
    /// Who it is for; at least one. Valid only during the call that hands the frame over.
    package let listeners: UnsafeBufferPointer<MixListenerID>
    /// Of one codec for all of them.
    package let codec: MixCodec
    /// The RTP payload, at most 1,275 bytes. Valid only during the call that hands the frame over.
    package let payload: UnsafeRawBufferPointer
    /// In the codec's clock, 960 (Opus) or 160 (G.711) for each tick of the room, the silent ones too. The room's first is 0.
    package let timestamp: UInt32
    /// The first after a silence (RFC 3551 §4.1).
    package let marker: Bool
    /// It stands for a silence: discontinuous transmission, or G.711's quietest.
    package let isSilence: Bool
    /// −dBov as RFC 6464 has it: 0 the loudest, 127 silence.
    package let audioLevel: UInt8
}
