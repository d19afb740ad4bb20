/// What the first bytes of an RTP payload tell about the frame that it belongs to.
package enum PayloadInspection {
    /// Whether decoding can begin with this packet: it is the first of a keyframe (or of its parameter sets). Audio always can.
    /// The same as `PacketLayer.Flags.startsKeyframe`, for who knows the packet only.
    package static func isKeyframeStart(_ codec: CodecName, _ payload: UnsafeRawBufferPointer) -> Bool {
        switch codec {
        case .opus, .PCMU, .PCMA: return !payload.isEmpty
        case .VP8: return VP8Descriptor.read(payload, marker: false).flags.contains(.startsKeyframe)
        case .VP9:
            var sizes = InlineArray<8, FrameSize>(repeating: FrameSize())
            return VP9Descriptor.read(payload, sizes: &sizes).flags.contains(.startsKeyframe)
        case .H264: return H264Units.summary(of: payload).startsKeyframe
        case .AV1: return isAV1KeyframeStart(payload)
        }
    }

    /// RTP payload format for AV1 §4.4: N marks the first packet of a coded video sequence.
    ///
    ///     |Z|Y| W |N|-|-|-|
    private static func isAV1KeyframeStart(_ payload: UnsafeRawBufferPointer) -> Bool {
        guard let header = payload.byte(at: 0), payload.count > 1 else { return false }
        return header & 0x88 == 0x08
    }
}
