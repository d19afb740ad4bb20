/// Reads the layer of every packet of one incoming stream, and remembers what only some of them say.
package struct LayerReader {
    private let codec: CodecName
    private var sizes = InlineArray<8, FrameSize>(repeating: FrameSize())
    private var dependencies: DependencyDescriptorReader?
    /// H.264: the next packet begins a picture.
    private var isBetweenPictures = true
    /// H.264: the picture consists of slices that nobody needs, so far.
    private var isUnreferencedPicture = false
    /// H.264: from a prefix unit, for the rest of the picture.
    private var markedTemporal: UInt8 = 0

    package init(codec: CodecName) { self.codec = codec }

    /// What the stream has told of the size of a spatial layer (0–7); 0×0 where it has not. Without layers it is layer 0.
    package func frameSize(ofSpatial spatial: UInt8) -> FrameSize {
        spatial < 8 ? sizes.span[Int(spatial)] : FrameSize()
    }

    /// Reads one packet. Call it for every packet in the order of arrival.
    /// - Parameters:
    ///   - payload: without header and padding; borrowed for the call.
    ///   - dependencyDescriptor: the header extension's bytes, where the packet has it. It counts for AV1 and H.264; VP8 and VP9 have
    ///     descriptors of their own.
    ///   - marker: the header's marker bit.
    package mutating func read(
        _ payload: UnsafeRawBufferPointer, dependencyDescriptor: UnsafeRawBufferPointer?, marker: Bool
    ) -> PacketLayer {
        switch codec {
        case .VP8:
            let layer = VP8Descriptor.read(payload, marker: marker)
            if layer.flags.contains(.startsKeyframe), let size = VP8Descriptor.frameSize(payload) { sizes[0] = size }
            return layer
        case .VP9: return VP9Descriptor.read(payload, sizes: &sizes)
        case .H264: return readH264(payload, dependencyDescriptor, marker)
        case .AV1: return readAV1(payload, dependencyDescriptor, marker)
        case .opus, .PCMU, .PCMA:
            var layer = PacketLayer()
            if !payload.isEmpty { layer.flags = .startsKeyframe }
            return layer
        }
    }

    /// Reads a packet that was read before, to send it again: where its numbers stand, its layers, and whether it ends its frame. What
    /// H.264 tells only in the order of packets is left out.
    package func readAgain(
        _ payload: UnsafeRawBufferPointer, dependencyDescriptor: UnsafeRawBufferPointer?
    ) -> PacketLayer {
        switch codec {
        case .VP8: return VP8Descriptor.read(payload, marker: false)
        case .VP9:
            var sizes = InlineArray<8, FrameSize>(repeating: FrameSize())
            return VP9Descriptor.read(payload, sizes: &sizes)
        case .H264, .AV1: return dependencyDescriptor.flatMap { dependencies?.readAgain($0) } ?? PacketLayer()
        case .opus, .PCMU, .PCMA: return PacketLayer()
        }
    }

    private mutating func describe(_ bytes: UnsafeRawBufferPointer?) -> PacketLayer? {
        guard let bytes else { return nil }
        if dependencies == nil { dependencies = DependencyDescriptorReader() }
        return dependencies?.read(bytes, sizes: &sizes)
    }

    private mutating func readAV1(
        _ payload: UnsafeRawBufferPointer, _ descriptor: UnsafeRawBufferPointer?, _ marker: Bool
    ) -> PacketLayer {
        let isStart = PayloadInspection.isKeyframeStart(.AV1, payload)
        guard var layer = describe(descriptor) else {
            var layer = PacketLayer()
            if isStart {
                layer.flags.formUnion([.startsKeyframe, .isKeyframe])
                if let size = AV1SequenceHeader.frameSize(payload) { sizes[0] = size }
            }
            return layer
        }
        if isStart {
            layer.flags.formUnion([.startsKeyframe, .isKeyframe])
            if !frameSize(ofSpatial: 0).isKnown, let size = AV1SequenceHeader.frameSize(payload) { sizes[0] = size }
        }
        return layer
    }

    /// Without a descriptor a picture belongs to the upper of two temporal layers where none of its slices is needed by others, and
    /// to the one that a prefix unit names. What comes with a picture in packets of its own (parameters, SEI) is judged by the
    /// picture's first packet, since a receiver takes it for part of a picture that would never be whole.
    private mutating func readH264(
        _ payload: UnsafeRawBufferPointer, _ descriptor: UnsafeRawBufferPointer?, _ marker: Bool
    ) -> PacketLayer {
        let units = H264Units.summary(of: payload)
        if let size = units.size { sizes[0] = size }
        let startsPicture = isBetweenPictures
        isBetweenPictures = marker
        if var layer = describe(descriptor) {
            if units.startsKeyframe { layer.flags.formUnion([.startsKeyframe, .isKeyframe]) }
            return layer
        }
        var layer = PacketLayer()
        if startsPicture {
            isUnreferencedPicture = units.holdsSlice && !units.isNeeded
            markedTemporal = units.temporal ?? 0
            layer.flags.insert(.startsPicture)
        }
        if marker { layer.flags.insert(.endsPicture) }
        if units.startsKeyframe { layer.flags.formUnion([.startsKeyframe, .isKeyframe, .allowsSpatialStart]) }
        if isUnreferencedPicture, !units.isNeeded {
            layer.temporal = max(markedTemporal, 1)
            layer.flags.formUnion([.isDiscardable, .allowsTemporalStart])
        } else {
            layer.temporal = markedTemporal
            if markedTemporal == 0 { layer.flags.insert(.allowsTemporalStart) }
        }
        return layer
    }
}
