/// Reads the dependency descriptors of one stream (RTP payload format for AV1, appendix A).
///
///     |S|E| template  |        frame number           |  extended fields, structure, custom fields …
///
/// What the structure says, which comes with keyframes only, is remembered for the packets that follow.
final class DependencyDescriptorReader {
    /// What frames of one kind have in common.
    private struct Template {
        var spatial: UInt8 = 0
        var temporal: UInt8 = 0
        var dependencies = Dependencies()
    }

    private struct Dependencies {
        /// Two bits for each decode target, the first one lowest.
        var indications: UInt64 = 0
        var references: UInt32 = 0
        var hasFarReference = false

        mutating func add(_ distance: UInt32) {
            if distance <= 32 { references |= 1 << (distance &- 1) } else { hasFarReference = true }
        }
    }

    private struct Target {
        var spatial: UInt8 = 0
        var temporal: UInt8 = 0
    }

    private enum Indication {
        static let notPresent: UInt8 = 0
        static let discardable: UInt8 = 1
        static let isSwitch: UInt8 = 2
    }

    private static let maximumTemplates = 64
    private static let maximumTargets = 32

    private let templates: UnsafeMutablePointer<Template>
    private let targets: UnsafeMutablePointer<Target>
    private var templateCount = 0
    private var templateOffset: UInt32 = 0
    private var targetCount = 0
    private var chainCount = 0
    private var activeTargets: UInt32 = 0
    /// The newest frame, for those of its packets that do not repeat what is particular about it.
    private var latest = PacketLayer()
    private var hasLatest = false

    init() {
        templates = .allocate(capacity: Self.maximumTemplates)
        templates.initialize(repeating: Template(), count: Self.maximumTemplates)
        targets = .allocate(capacity: Self.maximumTargets)
        targets.initialize(repeating: Target(), count: Self.maximumTargets)
    }

    deinit {
        templates.deallocate()
        targets.deallocate()
    }

    /// Nil where the descriptor cannot be understood: it is cut short, or the structure that it refers to has not come.
    func read(_ bytes: UnsafeRawBufferPointer, sizes: inout InlineArray<8, FrameSize>) -> PacketLayer? {
        guard let head = bytes.byte(at: 0), let number = bytes.uint16(at: 1) else { return nil }
        var flags: PacketLayer.Flags = [.numbersFrames]
        if head & 0x80 != 0 { flags.insert(.startsPicture) }
        if head & 0x40 != 0 { flags.insert(.endsPicture) }
        if bytes.count == 3, head & 0x80 == 0, hasLatest, number == latest.number {
            var layer = latest
            layer.flags.subtract([.startsPicture, .endsPicture, .startsKeyframe])
            layer.flags.formUnion(flags)
            return layer
        }
        var reader = BitReader(bytes)
        reader.skip(24)
        var custom = Custom()
        if bytes.count > 3 {
            let hasStructure = reader.bit()
            let hasActive = reader.bit()
            custom = Custom(indications: reader.bit(), references: reader.bit(), chains: reader.bit())
            if hasStructure {
                guard readStructure(&reader, &sizes) else { return nil }
                flags.insert(.isKeyframe)
            }
            if hasActive { activeTargets = reader.bits(targetCount) }
        }
        let index = Int((UInt32(head & 0x3f) &+ 64 &- templateOffset) & 63)
        guard index < templateCount else { return nil }
        let template = templates[index]
        var dependencies = template.dependencies
        readCustom(&reader, custom, &dependencies)
        guard !reader.isOverrun else { return nil }
        var layer = PacketLayer()
        layer.number = number
        layer.numberBits = 16
        layer.spatial = template.spatial
        layer.temporal = template.temporal
        layer.references = dependencies.references
        if template.spatial > 0 { flags.remove(.isKeyframe) }
        layer.flags = flags
        describe(&layer, dependencies)
        latest = layer
        hasLatest = true
        return layer
    }

    /// Reads the descriptor of an older packet, without forgetting what the newer ones said.
    func readAgain(_ bytes: UnsafeRawBufferPointer) -> PacketLayer? {
        var sizes = InlineArray<8, FrameSize>(repeating: FrameSize())
        // One that brings a structure stands for itself.
        if let flags = bytes.byte(at: 3), flags & 0x80 != 0 {
            return DependencyDescriptorReader().read(bytes, sizes: &sizes)
        }
        let (latest, hasLatest, activeTargets) = (latest, hasLatest, activeTargets)
        defer { (self.latest, self.hasLatest, self.activeTargets) = (latest, hasLatest, activeTargets) }
        return read(bytes, sizes: &sizes)
    }

    private struct Custom {
        var indications = false
        var references = false
        var chains = false
    }

    private func readCustom(_ reader: inout BitReader, _ custom: Custom, _ dependencies: inout Dependencies) {
        if custom.indications { dependencies.indications = readIndications(&reader) }
        guard custom.references else { return }
        dependencies.references = 0
        dependencies.hasFarReference = false
        var size = reader.bits(2)
        // Each turn consumes bits, so that the end of the bytes ends it.
        while size != 0, !reader.isOverrun {
            dependencies.add(reader.bits(Int(size) * 4) &+ 1)
            size = reader.bits(2)
        }
    }

    private func readIndications(_ reader: inout BitReader) -> UInt64 {
        var indications: UInt64 = 0
        for target in 0..<targetCount { indications |= UInt64(reader.bits(2)) << UInt64(2 * target) }
        return indications
    }

    /// Who needs the frame, and who may begin with it.
    private func describe(_ layer: inout PacketLayer, _ dependencies: Dependencies) {
        var neededBy: UInt8 = 0
        var activeSpatial: UInt8 = 0
        var isDiscardable = true
        for index in 0..<targetCount {
            let target = targets[index]
            if activeTargets & (1 << UInt32(index)) != 0 { activeSpatial |= 1 << (target.spatial & 7) }
            let indication = UInt8(truncatingIfNeeded: dependencies.indications >> UInt64(2 * index)) & 3
            guard indication != Indication.notPresent else { continue }
            if indication != Indication.discardable { isDiscardable = false }
            neededBy |= 1 << (target.spatial & 7)
            guard indication == Indication.isSwitch, target.spatial == layer.spatial else { continue }
            layer.flags.insert(.allowsSpatialStart)
            if target.temporal > layer.temporal { layer.flags.insert(.opensTemporalLayers) }
        }
        // Who is at a layer that is not sent for the time being gets what the next lower one needs.
        if activeSpatial != 0 {
            for spatial in 1..<8 where activeSpatial & (1 << UInt8(spatial)) == 0 {
                neededBy = neededBy & ~(1 << UInt8(spatial)) | (neededBy & (1 << UInt8(spatial - 1))) << 1
            }
        }
        layer.neededBy = neededBy
        layer.flags.insert(.namesReferences)
        if dependencies.hasFarReference { layer.flags.insert(.hasFarReference) }
        if isDiscardable { layer.flags.insert(.isDiscardable) }
        if layer.temporal == 0 { layer.flags.insert(.allowsTemporalStart) }
    }

    // MARK: Structure

    /// Replaces what is known; forgets it where the new one is broken.
    private func readStructure(_ reader: inout BitReader, _ sizes: inout InlineArray<8, FrameSize>) -> Bool {
        templateCount = 0
        hasLatest = false
        templateOffset = reader.bits(6)
        targetCount = Int(reader.bits(5)) + 1
        activeTargets = UInt32.max >> UInt32(32 - targetCount)
        let (count, topSpatial) = readLayers(&reader)
        guard count > 0 else { return false }
        for index in 0..<count { templates[index].dependencies = Dependencies(indications: readIndications(&reader)) }
        for index in 0..<count {
            while reader.bit() { templates[index].dependencies.add(reader.bits(4) &+ 1) }
        }
        readChains(&reader, templates: count)
        let hasSizes = reader.bit()
        guard !reader.isOverrun else { return false }
        if hasSizes {
            for spatial in 0...topSpatial {
                let width = reader.bits(16) &+ 1
                let height = reader.bits(16) &+ 1
                guard !reader.isOverrun else { return false }
                sizes[spatial] = FrameSize(width: UInt16(clamping: width), height: UInt16(clamping: height))
            }
        }
        templateCount = count
        deriveTargets()
        return true
    }

    /// 0 templates where the layers make no sense.
    private func readLayers(_ reader: inout BitReader) -> (count: Int, topSpatial: Int) {
        var spatial = 0
        var temporal = 0
        var count = 0
        while count < Self.maximumTemplates {
            templates[count] = Template(
                spatial: UInt8(truncatingIfNeeded: spatial), temporal: UInt8(truncatingIfNeeded: temporal))
            count += 1
            switch reader.bits(2) {
            case 1: temporal += 1
            case 2:
                temporal = 0
                spatial += 1
            case 3: return (count, spatial)
            default: break
            }
            guard spatial < 4, temporal < 8, !reader.isOverrun else { return (0, 0) }
        }
        return (0, 0)
    }

    /// Chains protect decode targets against loss; references tell a relay what it needs, so they are only passed over.
    private func readChains(_ reader: inout BitReader, templates count: Int) {
        chainCount = Int(reader.below(UInt32(targetCount) + 1))
        guard chainCount > 0 else { return }
        for _ in 0..<targetCount { _ = reader.below(UInt32(chainCount)) }
        reader.skip(4 * count * chainCount)
    }

    /// A decode target's layers are the highest that it has frames of.
    private func deriveTargets() {
        for index in 0..<targetCount {
            var target = Target()
            for template in 0..<templateCount
            where templates[template].dependencies.indications >> UInt64(2 * index) & 3 != 0 {
                target.spatial = max(target.spatial, templates[template].spatial)
                target.temporal = max(target.temporal, templates[template].temporal)
            }
            targets[index] = target
        }
    }
}
