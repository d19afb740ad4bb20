internal import CNet
internal import Glibc
internal import RelayProtocol

/// Mixes the rooms that it is given, every 20 ms, on a thread of its own. While it has none it sleeps.
final class MixerThread: Sendable {
    /// Ticks that are made up for where the thread was late; what is older is left out.
    private static let mostLate: Int64 = 3
    /// Between two ticks of which the first came late: listeners get no bursts.
    private static let catchUp = Instant.Span.milliseconds(5)

    private let letters = MixLetters()
    private let sink: any MixSink

    init(_ sink: any MixSink) { self.sink = sink }

    func post(_ request: MixRequest) { letters.post(request) }
    func post(_ packet: MixPacket, _ payload: UnsafeRawBufferPointer) { letters.post(packet, payload) }
    func stop() { letters.stop() }
    var statistics: MixerStatistics { letters.counted }

    /// - Returns: false where the system has no thread for it.
    func start() -> Bool {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                cnet_name_thread("mixer")
                Unmanaged<MixerThread>.fromOpaque(context).takeRetainedValue().live()
                return nil
            }, context)
        guard status == 0 else {
            Unmanaged<MixerThread>.fromOpaque(context).release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    private func live() {
        var rooms = MixerRooms()
        /// When the next tick is meant to be, and when it is made; nil while there is no room.
        var next: (due: Instant, at: Instant)?
        while letters.wait(until: next?.at) {
            letters.take { rooms.read($0) }
            letters.count { $0.rooms = rooms.count }
            if rooms.count == 0 {
                next = nil
                continue
            }
            let now = Self.now
            if let next, next.at > now { continue }
            next = tick(&rooms, due: next?.due ?? now, at: now)
        }
    }

    private func tick(_ rooms: inout MixerRooms, due: Instant, at now: Instant) -> (due: Instant, at: Instant) {
        let missed = (now - due).microseconds / MixClock.tick.microseconds
        let skipped = missed > Self.mostLate ? missed : 0
        if skipped > 0 { rooms.skip(Int(skipped)) }
        let due = due + MixClock.tick * skipped
        rooms.tick(at: due, sink)
        sink.ticked()
        letters.count {
            $0.ticks &+= 1
            $0.late &+= missed > 0 && skipped == 0 ? 1 : 0
            $0.skipped &+= UInt64(clamping: skipped)
        }
        let next = due + MixClock.tick
        return (next, max(next, now + Self.catchUp))
    }

    private static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}

/// The rooms of a thread.
struct MixerRooms {
    private var rooms: [MixRoomID: RoomMix] = [:]

    var count: Int { rooms.count }

    mutating func read(_ batch: borrowing MixLetters.Batch) {
        for request in batch.requests { apply(request) }
        for packet in batch.packets {
            rooms[packet.room]?.receive(
                packet.input, sequence: packet.sequence, timestamp: packet.timestamp,
                payload: UnsafeRawBufferPointer(rebasing: batch.bytes[packet.start..<packet.start + packet.length]),
                level: packet.level, at: packet.arrival)
        }
    }

    private mutating func apply(_ request: MixRequest) {
        switch request {
        case .open(let room, let settings): if rooms[room] == nil { rooms[room] = RoomMix(settings) }
        case .close(let room): rooms[room] = nil
        case .add(let input, let owner, let codec, let isMuted, let room):
            rooms[room]?.add(input, of: owner, codec: codec, isMuted: isMuted)
        case .remove(let input, let room): rooms[room]?.remove(input)
        case .setMuted(let input, let isMuted, let room): rooms[room]?.setMuted(input, isMuted)
        case .addListener(let listener, let owner, let codec, let room):
            rooms[room]?.addListener(listener, of: owner, codec: codec)
        case .removeListener(let listener, let room): rooms[room]?.removeListener(listener)
        }
    }

    func tick(at now: Instant, _ sink: any MixSink) {
        for (name, room) in rooms { room.tick(at: now) { sink.mixed($0, in: name) } }
    }

    func skip(_ count: Int) {
        for room in rooms.values { room.skip(count) }
    }
}
