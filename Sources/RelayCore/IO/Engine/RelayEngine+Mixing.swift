internal import Log
internal import RelayControl
internal import RelayMixing
internal import RelayProtocol

/// The mix of one room, while somebody hears it.
struct RoomMixing {
    let room: MixRoomID
    var listeners = Set<MixListenerID>()
}

extension RelayEngine {
    /// A joined connection hears the mix, or does not (any more).
    func listen(_ connection: Publishing, _ id: RoomID) {
        let hears = !connection.isDead && connection.lines.contains { $0.kind == .audio }
        let name = hears ? MixListenerID(connection.transport, on: connection.worker) : nil
        guard connection.listener != name else { return }
        stopListening(connection, id, besides: name)
        guard let name, let mixer = mixer(), let room = mix(id, of: mixer) else { return }
        mixes[id]?.listeners.insert(name)
        mixer.addListener(name, of: MixOwner(connection.publication), to: room)
        connection.listener = name
    }

    /// The connection is no more, or another takes its place.
    /// - Parameter next: who is about to listen, so that the room goes on being mixed.
    func stopListening(_ connection: Publishing, _ id: RoomID, besides next: MixListenerID? = nil) {
        guard let name = connection.listener else { return }
        connection.listener = nil
        guard let mixer = startedMixer, let mixing = mixes[id] else { return }
        mixer.removeListener(name, from: mixing.room)
        mixes[id]?.listeners.remove(name)
        guard next == nil, mixes[id]?.listeners.isEmpty ?? true else { return }
        mixes[id] = nil
        mixer.close(mixing.room)
        for worker in workerNumbers { post(.mix(id, into: nil), to: worker) }
    }

    /// The room's mix, begun where there was none: every worker that has publishers of the room lets their sound in.
    private func mix(_ id: RoomID, of mixer: Mixer) -> MixRoomID? {
        if let mixing = mixes[id] { return mixing.room }
        nextMix += 1
        let room = MixRoomID(nextMix)
        mixer.open(room)
        mixes[id] = RoomMixing(room: room)
        for worker in workerNumbers { post(.mix(id, into: RoomTap(mixer: mixer, room: room)), to: worker) }
        return room
    }

    /// What there is to tell of mixing.
    var mixingTotals: RelayTotals {
        var totals = RelayTotals()
        totals.mixedRooms = mixes.count
        guard let statistics = startedMixer?.statistics else { return totals }
        totals.mixesSkipped = statistics.skipped
        totals.mixDrops = statistics.dropped
        return totals
    }

    /// The mixer, whose threads begin with the first who listens.
    private func mixer() -> Mixer? {
        if let startedMixer { return startedMixer }
        startedMixer = Mixer(threads: max(1, settings.mixingThreads), sink: mixOutlets)
        if startedMixer == nil { Log.error("mixer.cannot-start") }
        return startedMixer
    }
}
