package import RelayProtocol
internal import Synchronization

/// Mixes rooms on threads of its own, each room on one of them. All of it may be called from any thread; nothing waits.
///
/// What is asked for takes effect with the next tick, in the order in which it was asked for. Of rooms and inputs that are not there
/// nothing happens.
package final class Mixer: Sendable {
    private let threads: [MixerThread]
    /// By room, and how many rooms each thread has.
    private let placement: Mutex<(rooms: [MixRoomID: Int], counts: [Int])>

    /// Starts the threads, which sleep until there is a room.
    /// - Parameter sink: gets the frames.
    /// - Returns: nil where the system has no thread for it.
    package init?(threads count: Int = 1, sink: any MixSink) {
        threads = (0..<max(count, 1)).map { _ in MixerThread(sink) }
        placement = Mutex(([:], Array(repeating: 0, count: threads.count)))
        for thread in threads where !thread.start() {
            stop()
            return nil
        }
    }

    deinit { stop() }

    /// Its threads end; no frame comes after the ticks under way.
    package func stop() { for thread in threads { thread.stop() } }

    /// What all threads have done.
    package var statistics: MixerStatistics { threads.reduce(into: MixerStatistics()) { $0 += $1.statistics } }

    // MARK: Rooms

    /// Begins to mix a room, on the thread that has the fewest; one that is there goes on.
    package func open(_ room: MixRoomID, _ settings: MixSettings = MixSettings()) {
        placement.withLock { placement in
            guard placement.rooms[room] == nil else { return }
            let place = placement.counts.indices.min { placement.counts[$0] < placement.counts[$1] } ?? 0
            placement.rooms[room] = place
            placement.counts[place] += 1
            threads[place].post(.open(room, settings))
        }
    }

    /// Forgets a room with all that is in it.
    package func close(_ room: MixRoomID) {
        placement.withLock { placement in
            guard let place = placement.rooms.removeValue(forKey: room) else { return }
            placement.counts[place] -= 1
            threads[place].post(.close(room))
        }
    }

    private func thread(of room: MixRoomID) -> MixerThread? {
        placement.withLock { $0.rooms[room].map { threads[$0] } }
    }

    // MARK: Who speaks and who listens, as `RoomMix` has it

    package func add(
        _ input: MixInputID, of owner: MixOwner, codec: MixCodec, isMuted: Bool = false, to room: MixRoomID
    ) {
        thread(of: room)?.post(.add(input, owner: owner, codec: codec, isMuted: isMuted, room: room))
    }

    package func remove(_ input: MixInputID, from room: MixRoomID) {
        thread(of: room)?.post(.remove(input, room: room))
    }

    package func setMuted(_ input: MixInputID, _ isMuted: Bool, in room: MixRoomID) {
        thread(of: room)?.post(.setMuted(input, isMuted, room: room))
    }

    package func addListener(
        _ listener: MixListenerID, of owner: MixOwner?, codec: MixCodec = .opus, to room: MixRoomID
    ) {
        thread(of: room)?.post(.addListener(listener, owner: owner, codec: codec, room: room))
    }

    package func removeListener(_ listener: MixListenerID, from room: MixRoomID) {
        thread(of: room)?.post(.removeListener(listener, room: room))
    }

    // MARK: Packets

    /// Copies a packet for the room's next tick; dropped and counted where more come than are kept. See `RoomMix.receive`.
    package func receive(
        _ input: MixInputID, in room: MixRoomID, sequence: UInt16, timestamp: UInt32, payload: UnsafeRawBufferPointer,
        level: UInt8?, at arrival: Instant
    ) {
        let packet = MixPacket(
            room: room, input: input, arrival: arrival, timestamp: timestamp, sequence: sequence, level: level,
            start: 0,
            length: 0)
        thread(of: room)?.post(packet, payload)
    }
}
