internal import RelayProtocol

/// What a subscriber's path has no room for at once waits in its pacer.
extension Forwarder {
    /// Leaves a run's packets to the pacer.
    @inline(never)
    func queue(_ run: Run, to consumer: Consumer, of subscriber: Subscriber) {
        // A keyframe of another source does not wait for what nobody is going to look at.
        if consumer.queued > 0, run.source != consumer.queuedSource { subscriber.forget(consumer, pool) }
        for index in 0..<run.packets.count {
            let packet = run.packets[index]
            let isLeftOut = consumer.surelyLeavesOut(packet)
            guard let kept = isLeftOut ? packet.withoutBytes : keep(packet, isLent: run.isLent) else { continue }
            let bytes = isLeftOut ? 1 : packet.payloadLength + Self.overhead
            let token = subscriber.keep(
                Subscriber.Waiting(packet: kept, consumer: consumer, isLeftOut: isLeftOut))
            consumer.queuedSource = packet.header.ssrc
            consumer.queuedEncoding = packet.encoding
            subscriber.pacer.queue(
                PacedPacket(
                    token: token, stream: consumer.paceNumber, path: consumer.transport.feedback?.number ?? -1,
                    bytes: bytes, startsKeyframe: packet.startsKeyframe, endsFrame: packet.header.marker), at: now)
        }
        subscriber.tidy(pool)
        whenPacing(subscriber)
    }

    /// A reference to the packet's slot, or a copy of it in a slot of ours; nil where there is no more memory.
    func keep(_ packet: PendingPacket, isLent: Bool) -> PendingPacket? {
        guard isLent else {
            pool.retain(packet.slot)
            return packet
        }
        guard let slot = pool.take() else { return nil }
        var copy = packet
        copy.slot = slot
        copy.memory = pool.memory(slot)
        copy.memory.copyMemory(from: packet.memory, byteCount: packet.header.length + packet.payloadLength)
        return copy
    }

    /// Sends what a subscriber's pacer lets go of now.
    func release(_ subscriber: Subscriber) {
        var last: Transport?
        while let release = subscriber.pacer.next(at: now) {
            switch release {
            case .packet(let paced, let cluster):
                guard let item = subscriber.take(paced.token) else { continue }
                if last !== item.consumer.transport { closeRun(of: last) }
                last = item.consumer.transport
                self.cluster = cluster
                send(item)
                self.cluster = 0
                if item.packet.slot >= 0 { pool.release(item.packet.slot) }
            case .padding(let bytes, let path, let cluster):
                closeRun(of: last)
                last = nil
                let sent = subscriber.transport(ofPath: path).map { pad($0, bytes: bytes, cluster: cluster) } ?? 0
                subscriber.pacer.padded(bytes: sent, cluster: cluster, at: now)
            }
        }
        closeRun(of: last)
        subscriber.tidy(pool)
    }

    private func closeRun(of transport: Transport?) {
        if let path = transport?.paths.selected { sockets[path.socket].queue.closeRun() }
    }

    /// Sends what has waited, if there is still somebody to send it to.
    private func send(_ item: Subscriber.Waiting) {
        let consumer = item.consumer
        let transport = consumer.transport
        guard transport.isSendable, let sealer = transport.sealer, let path = transport.paths.selected else { return }
        if let origin = item.repeats {
            // As it was, a packet is sent only while it is sure to be the same to the last bit.
            guard consumer.repairHeader != nil || consumer.resendable(item.sequence) == origin else { return }
            sendAgain(item.packet, as: item.sequence, origin, to: consumer)
            return
        }
        withUnsafePointer(to: item.packet) { packet in
            var marker = packet.pointee.header.marker
            var sent = Sent()
            guard let mapped = consumer.place(packet, at: now, marker: &marker), !item.isLeftOut else { return }
            forward(packet, mapped, marker, consumer, sealer, sockets[path.socket].queue, path.remote, &sent)
            consumer.count(packets: sent.packets, payload: sent.payload)
            count(sent, on: transport)
        }
    }
}
