internal import RelayControl
internal import RelayProtocol

/// Pictures for those who join late (`rooms.keyframe-cache`).
extension Worker {
    /// What is replayed has to have left within so long: else a new keyframe is there sooner.
    private static let longestReplay = Instant.Span.milliseconds(300)

    /// Sends a consumer that waits for a keyframe the last one, and what followed, where that is young enough and whole.
    ///
    /// Only on the publisher's worker: the history is there.
    func replay(_ producer: Producer, to consumer: Consumer, of subscriber: Subscriber) {
        guard media.keyframeCache.microseconds > 0, producer.following == nil, producer.isSelected, consumer.isVideo,
            consumer.encoding == nil
        else { return }
        for encoding in producer.encodings where consumer.awaitsKeyframe(of: encoding.number) {
            guard let stream = encoding.current else { continue }
            // What is pending goes to everybody, this consumer too.
            encoding.flush(forwarder)
            guard consumer.awaitsKeyframe(of: encoding.number), let newest = stream.arrived.newest,
                let history = stream.history,
                let packets = stream.keyframeCache.replay(
                    through: UInt16(truncatingIfNeeded: newest), from: history,
                    maximumBytes: subscriber.estimator.pacingRate.bytes(in: Self.longestReplay), at: now)
            else { continue }
            replay(packets, of: stream, to: consumer)
            return
        }
    }

    private func replay(_ sequences: KeyframeCache.Replay, of stream: IncomingStream, to consumer: Consumer) {
        var run: [PendingPacket] = []
        var timestamp: UInt32?
        for sequence in sequences {
            guard var packet = heldPacket(sequence, source: stream.ssrc, of: stream.producer) else { return }
            packet.isLate = false
            packet.startsKeyframe = timestamp == nil
            if let timestamp, timestamp != packet.header.timestamp { packet.continuity = .beginsReplayedFrame }
            timestamp = packet.header.timestamp
            run.append(packet)
            if run.count == SendQueue.maximumRun || packet.header.marker { send(&run, to: consumer) }
        }
        send(&run, to: consumer)
    }

    private func send(_ packets: inout [PendingPacket], to consumer: Consumer) {
        guard !packets.isEmpty else { return }
        packets.withUnsafeMutableBufferPointer { forwarder.forward(Forwarder.Run($0, isLent: false), to: consumer) }
        packets.removeAll(keepingCapacity: true)
    }
}
