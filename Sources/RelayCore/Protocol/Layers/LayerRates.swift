/// How many bits each layer of one encoding takes: bytes in slots of 400 ms, the last seven full ones of which count.
///
/// The largest of them is left out, so that a keyframe does not look like a higher rate; what comes all the time shows after one to
/// three seconds. At most four spatial and four temporal layers are told apart; higher ones count as the fourth.
package struct LayerRates: Sendable {
    package static let spatialLayers = 4
    package static let temporalLayers = 4
    private static let cells = spatialLayers * temporalLayers
    private static let slots: Int64 = 8
    private static let slotSpan: Int64 = 400_000
    /// A layer that nothing came of for so long is not there.
    private static let silence: Int64 = 1_500_000
    /// Slots that have to be full before the largest is left out.
    private static let fewSlots: Int64 = 3
    /// A shorter beginning counts as so long: a keyframe comes at once, and says little about the rate.
    private static let shortest = Instant.Span.milliseconds(500)
    private static let never = Int64.min / 4

    /// Bytes, by slot, spatial and temporal layer.
    private var bytes = InlineArray<128, UInt32>(repeating: 0)
    /// Pictures completed, by slot and temporal layer.
    private var pictures = InlineArray<32, UInt16>(repeating: 0)
    /// By spatial layer, on the loop's clock: when it began after silence, and when something last came.
    private var began = InlineArray<4, Int64>(repeating: never)
    private var latest = InlineArray<4, Int64>(repeating: never)
    /// Temporal layers that were seen since the encoding began, a bit each.
    private var temporals: UInt8 = 0
    /// Number of the slot being filled, and when the next one starts.
    private var slot: Int64 = 0
    private var slotEnd: Int64 = never

    package init() {}

    /// Counts a packet. Instants that go backwards count as the latest one.
    /// - Parameters:
    ///   - bytes: as many as will be sent to a subscriber, headers included.
    ///   - endsPicture: it is the picture's last packet (marker bit).
    package mutating func add(bytes count: Int, spatial: UInt8, temporal: UInt8, endsPicture: Bool, at now: Instant) {
        if now.microseconds >= slotEnd { advance(to: now) }
        let spatial = Int(min(spatial, 3))
        let temporal = Int(min(temporal, 3))
        if now.microseconds &- latest.span[spatial] > Self.silence { begin(spatial, at: now) }
        latest[spatial] = now.microseconds
        temporals |= 1 << UInt8(truncatingIfNeeded: temporal)
        let ring = Int(truncatingIfNeeded: slot & (Self.slots - 1))
        bytes[ring &* Self.cells &+ spatial &* Self.temporalLayers &+ temporal] &+= UInt32(truncatingIfNeeded: count)
        if endsPicture { pictures[ring &* Self.temporalLayers &+ temporal] &+= 1 }
    }

    /// Something came within the last second and a half.
    package func isAlive(at now: Instant) -> Bool {
        for spatial in 0..<Self.spatialLayers where isAlive(spatial: spatial, at: now) { return true }
        return false
    }

    package func isAlive(spatial: Int, at now: Instant) -> Bool {
        guard (0..<Self.spatialLayers).contains(spatial) else { return false }
        return now.microseconds &- latest.span[spatial] <= Self.silence
    }

    /// Whether there are pictures of this temporal layer.
    package func has(temporal: Int) -> Bool { temporal >= 0 && temporal < 8 && temporals >> UInt8(temporal) & 1 == 1 }

    /// Of all layers up to these; 0 where the spatial layer is not there.
    package mutating func rate(spatial: Int, temporal: Int, at now: Instant) -> DataRate {
        guard isAlive(spatial: spatial, at: now) else { return .zero }
        if now.microseconds >= slotEnd { advance(to: now) }
        let start = began.span[spatial]
        let startSlot = start / Self.slotSpan
        let full = min(slot - startSlot - 1, Self.slots - 1)
        guard full >= Self.fewSlots else {
            let sum = (max(startSlot, slot - Self.slots + 1)...slot).reduce(0) { $0 + passed($1, spatial, temporal) }
            return DataRate(bytes: sum, over: max(Instant.Span.microseconds(now.microseconds - start), Self.shortest))
        }
        var total = 0
        var largest = 0
        for slot in slot - full..<slot {
            let sum = passed(slot, spatial, temporal)
            total += sum
            largest = max(largest, sum)
        }
        return DataRate(bytes: total - largest, over: .microseconds((full - 1) * Self.slotSpan))
    }

    /// Pictures of all temporal layers up to this one; nil while there is too little to tell.
    package mutating func framesPerSecond(temporal: Int, at now: Instant) -> Double? {
        guard temporal >= 0, isAlive(at: now) else { return nil }
        if now.microseconds >= slotEnd { advance(to: now) }
        var start = Int64.max
        for spatial in 0..<Self.spatialLayers where isAlive(spatial: spatial, at: now) {
            start = min(start, began.span[spatial])
        }
        let full = min(slot - start / Self.slotSpan - 1, Self.slots - 1)
        guard full >= Self.fewSlots else { return nil }
        var count = 0
        for slot in slot - full..<slot {
            let ring = Int(slot & (Self.slots - 1)) * Self.temporalLayers
            for layer in 0...min(temporal, Self.temporalLayers - 1) { count += Int(pictures.span[ring + layer]) }
        }
        return Double(count) * 1_000_000 / Double(full * Self.slotSpan)
    }

    private func passed(_ slot: Int64, _ spatial: Int, _ temporal: Int) -> Int {
        let ring = Int(slot & (Self.slots - 1)) * Self.cells
        var sum = 0
        for row in 0...min(spatial, Self.spatialLayers - 1) {
            for column in 0...min(max(temporal, 0), Self.temporalLayers - 1) {
                sum += Int(bytes.span[ring + row * Self.temporalLayers + column])
            }
        }
        return sum
    }

    private mutating func begin(_ spatial: Int, at now: Instant) {
        if !isAlive(at: now) { temporals = 0 }
        began[spatial] = now.microseconds
    }

    private mutating func advance(to now: Instant) {
        let target = now.microseconds / Self.slotSpan
        let distance = target - slot
        if distance > 0 {
            for step in 0..<min(distance, Self.slots) {
                let ring = Int((target - step) & (Self.slots - 1))
                for cell in 0..<Self.cells { bytes[ring * Self.cells + cell] = 0 }
                for layer in 0..<Self.temporalLayers { pictures[ring * Self.temporalLayers + layer] = 0 }
            }
            slot = target
        }
        slotEnd = (slot + 1) * Self.slotSpan
    }
}
