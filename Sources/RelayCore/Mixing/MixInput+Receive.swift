internal import RelayProtocol

extension MixInput {
    /// Where packets are that much earlier or later than those before, their numbers began anew. µs.
    private static let jump: Int64 = 1_000_000
    /// As many late packets in a row are not late: time has moved.
    private static let mostLate = 5

    /// Takes a packet in, whatever it is.
    func receive(
        sequence: UInt16, timestamp: UInt32, payload: UnsafeRawBufferPointer, level: UInt8?, at arrival: Instant
    ) {
        statistics.received &+= 1
        guard !isMuted else { return }
        guard let duration = SoundDecoder.duration(of: payload, decoder.codec) else {
            statistics.invalid &+= 1
            return
        }
        var place = place(sequence, timestamp)
        var transit = arrival.microseconds &- MixClock.microseconds(place.time)
        if transits.usual != nil, abs(clamping: transit &- transits.last) > Self.jump {
            restart()
            newest = nil
            place = self.place(sequence, timestamp)
            transit = arrival.microseconds &- MixClock.microseconds(place.time)
        }
        transits.note(transit)
        // A level that says silence of a packet full of sound is not worth anything.
        let isSilence = decoder.codec == .opus && (payload.count <= 2 || level == 127 && payload.count <= 3)
        let packet = WaitingPackets.Packet(
            sequence: place.sequence, time: place.time, duration: duration,
            level: level == 127 && !isSilence ? nil : level, isSilence: isSilence)
        if let end, packet.end <= end {
            statistics.late &+= 1
            lateInARow += 1
            guard lateInARow >= Self.mostLate else { return }
            restart()
            transits.note(transit)
        }
        lateInARow = 0
        switch waiting.insert(packet, payload) {
        case .kept: break
        case .duplicate: statistics.duplicate &+= 1
        case .overflowed: statistics.overflowed &+= 1
        }
    }

    /// Unwraps both numbers.
    private func place(_ sequence: UInt16, _ timestamp: UInt32) -> (sequence: Int64, time: Int64) {
        guard let newest else {
            self.newest = (sequence, 0, timestamp, 0)
            return (0, 0)
        }
        let step = Int64(Int16(bitPattern: sequence &- newest.sequence))
        let ticks = Int64(Int32(bitPattern: timestamp &- newest.timestamp))
        let scale = Int64(MixClock.rate / decoder.codec.clockRate)
        let place = (sequence: newest.wide &+ step, time: newest.time &+ ticks &* scale)
        if step > 0 { self.newest = (sequence, place.sequence, timestamp, place.time) }
        return place
    }
}

/// The magnitude of whatever number it is.
private func abs(clamping value: Int64) -> Int64 { value == .min ? .max : Swift.abs(value) }
