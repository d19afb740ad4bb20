internal import RelayControl
internal import RelayProtocol

/// RTCP: what peers report and ask for, and what is reported to them and asked of them.
extension Worker {
    // MARK: In

    func receiveControl(_ bytes: UnsafeRawBufferPointer, of transport: Transport) {
        var reader = RTCPReader(bytes)
        var exceeds = false
        while let packet = reader.next() {
            switch packet {
            case .senderReport(let report):
                receive(report.info, of: transport)
                for block in report.blocks { receive(block, of: transport) }
            case .receiverReport(let report):
                for block in report.blocks { receive(block, of: transport) }
            case .nack(let feedback):
                guard let consumer = consumer(feedback.media, of: transport) else { continue }
                for sequence in feedback {
                    guard transport.controlBudget.admitsRequest(at: now) else {
                        exceeds = true
                        break
                    }
                    resend(sequence, to: consumer)
                }
            case .pictureLoss(let feedback):
                if let consumer = consumer(feedback.media, of: transport) { pictureLost(consumer) }
            case .fullIntraRequest(let feedback):
                for entry in feedback {
                    if let consumer = consumer(entry.ssrc, of: transport) { pictureLost(consumer) }
                }
            case .transportFeedback(let report):
                guard transport.controlBudget.admitsReport(ofPackets: report.statusCount, at: now) else {
                    exceeds = true
                    continue
                }
                receive(report, of: transport)
            case .receiverEstimate(let estimate): receive(estimate, of: transport)
            case .extendedReport(let report): receive(report, of: transport)
            case .goodbye, .sourceDescription, .other: continue
            }
        }
        if reader.malformed || exceeds { totals.datagramsRefused &+= 1 }
    }

    func consumer(_ ssrc: UInt32, of transport: Transport) -> Consumer? {
        transport.consumers.first { $0.track.ssrc == ssrc }
    }

    /// A publisher's sender report: noted, and translated for everybody who gets the stream.
    private func receive(_ info: SenderInfo, of transport: Transport) {
        guard let stream = transport.inbound?.streams[info.ssrc], stream.repairs == nil else { return }
        stream.statistics.received(info, at: now)
        for follower in stream.producer.followers {
            follower.neighbour.tell(.senderReport(follower.name, info), urgently: false)
        }
        translate(info, for: stream.producer)
    }

    /// Tells everybody who gets the stream what the publisher reported.
    func translate(_ info: SenderInfo, for producer: Producer) {
        for encoding in producer.encodings { encoding.note(info) }
        for consumer in producer.consumers where consumer.map.source == info.ssrc {
            guard consumer.transport.isSendable, let timestamp = consumer.map.timestamp(ofCurrentSource: info.rtpTime)
            else {
                continue
            }
            let own = SenderInfo(
                ssrc: consumer.track.ssrc, ntpTime: info.ntpTime, rtpTime: timestamp, packetCount: consumer.packets,
                octetCount: consumer.octets)
            sendReport(own, of: consumer)
        }
    }

    /// Sends a subscriber our report on one of its streams.
    func sendReport(_ info: SenderInfo, of consumer: Consumer) {
        var writer = control.writer()
        guard writer.senderReport(info),
            writer.sourceDescription(ssrc: consumer.track.ssrc, canonicalName: consumer.track.canonicalName)
        else { return }
        send(writer, to: consumer.transport)
        consumer.reports.sent(compactNTPTime: info.compactNTPTime, at: now)
    }

    /// A subscriber's report about one of its streams.
    private func receive(_ block: ReportBlock, of transport: Transport) {
        guard let consumer = consumer(block.ssrc, of: transport) else { return }
        let sample = consumer.reports.roundTrip(of: block, at: now)
        if let sample { consumer.roundTrip.add(sample) }
        if let loss = consumer.take(block) { receive(loss, roundTrip: sample, of: transport) }
    }

    private func resend(_ sequence: UInt16, to consumer: Consumer) {
        guard let origin = consumer.resendable(sequence), let producer = consumer.producer else { return }
        if let following = producer.following {
            // Its size is known where it is held.
            guard allowsRetransmission(of: sequence, bytes: 1200, to: consumer) else { return }
            following.ask(
                for: Crossing.MissingPacket(
                    source: origin.source, original: origin.sequence, sequence: sequence, ssrc: consumer.track.ssrc,
                    transport: consumer.transport.id, roundTrip: consumer.roundTrip))
            return
        }
        guard let held = producer.stream(origin.source)?.history?.find(origin.sequence),
            RetransmissionRequests.canBeMissed(sentAt: held.at, roundTrip: consumer.roundTrip, at: now),
            // First what costs little.
            allowsRetransmission(of: sequence, bytes: Int(held.length), to: consumer),
            let packet = heldPacket(origin.sequence, source: origin.source, of: producer)
        else { return }
        forwarder.resend(packet, as: sequence, origin, to: consumer)
    }

    private func allowsRetransmission(of sequence: UInt16, bytes: Int, to consumer: Consumer) -> Bool {
        let requests = consumer.requests ?? RetransmissionRequests()
        consumer.requests = requests
        let roundTrip = consumer.roundTrip.smoothed ?? .milliseconds(20)
        guard let subscriber = consumer.transport.subscriber else { return false }
        return requests.allows(sequence, bytes: bytes, roundTrip: roundTrip, within: &subscriber.repairs, at: now)
    }

    /// A publisher's answer to the time that it was told.
    private func receive(_ report: ExtendedReport, of transport: Transport) {
        guard let inbound = transport.inbound, let answer = report.answer(to: inbound.reporter),
            inbound.clock.answered(lastReference: answer.lastReference, delay: answer.delay, at: now) != nil,
            let roundTrip = inbound.clock.roundTrip.smoothed
        else { return }
        for stream in inbound.streams.values { stream.missing?.measured(roundTrip: roundTrip) }
    }

    /// A packet of a producer's history, parsed anew. The history goes on holding it.
    func heldPacket(_ sequence: UInt16, source: UInt32, of producer: Producer) -> PendingPacket? {
        guard let stream = producer.stream(source), let held = stream.history?.find(sequence) else { return nil }
        let memory = pool.memory(held.slot)
        let bytes = UnsafeRawBufferPointer(start: memory, count: Int(held.length))
        guard let header = PacketHeader(bytes) else { return nil }
        let fields = ExtensionFields(bytes, header: header, table: producer.table)
        let payload = UnsafeRawBufferPointer(rebasing: bytes[header.length...])
        let layer = stream.layers.readAgain(
            payload, dependencyDescriptor: fields.bytes(.dependencyDescriptor, in: bytes))
        return PendingPacket(
            slot: held.slot, memory: memory, header: header, fields: fields, payloadLength: payload.count, layer: layer,
            encoding: stream.encoding.number, primaryOffset: producer.primaryOffset(header, bytes),
            startsKeyframe: false, isLate: true)
    }

    // MARK: Keyframes

    /// A subscriber's decoder has lost its way.
    private func pictureLost(_ consumer: Consumer) {
        guard consumer.isVideo, let producer = consumer.producer else { return }
        consumer.counts.keyframesAskedFor &+= 1
        let encoding = consumer.encoding.flatMap { producer.encoding($0) }
        if consumer.appetite.request(at: now, lastKeyframe: encoding?.keyframeAt) {
            feed(consumer, of: producer)
        } else if !consumer.isListedAsHungry {
            consumer.isListedAsHungry = true
            hungry.append(consumer)
        }
    }

    /// Passes on what subscribers asked for too soon after the last time, unless a keyframe has come meanwhile.
    func pollHungry() {
        hungry.removeAll { consumer in
            guard let producer = consumer.producer else {
                consumer.isListedAsHungry = false
                return true
            }
            let encoding = consumer.encoding.flatMap { producer.encoding($0) }
            if consumer.appetite.poll(at: now, lastKeyframe: encoding?.keyframeAt) { feed(consumer, of: producer) }
            consumer.isListedAsHungry = consumer.appetite.isHungry
            return !consumer.isListedAsHungry
        }
    }

    /// Asks for a keyframe of what the consumer is sent, or is to be sent.
    private func feed(_ consumer: Consumer, of producer: Producer) {
        if let number = consumer.encoding, number < producer.encodings.count {
            requestKeyframe(of: producer.encodings[Int(number)])
        } else {
            requestKeyframesAnyway(of: producer)
        }
    }

    /// Asks for the keyframes that are waited for, as often as those who wait may have it.
    func requestKeyframes(of producer: Producer) {
        guard producer.isSelected else { return }
        for encoding in producer.encodings where encoding.isAwaited(at: now) { requestKeyframe(of: encoding) }
    }

    /// Asks for the keyframes that are waited for, whoever asked before: for the publisher's own doings, and where it was weighed
    /// already.
    func requestKeyframesAnyway(of producer: Producer) {
        for encoding in producer.encodings where encoding.isAwaited { requestKeyframe(of: encoding) }
    }

    /// Asks for a keyframe of an encoding, wherever that lives.
    func requestKeyframe(of encoding: Encoding) {
        if let following = encoding.producer.following {
            following.askForKeyframe(of: encoding.number, isReminder: false, at: now)
        } else if encoding.producer.isSelected, let stream = encoding.askable(at: now) {
            requestKeyframe(of: stream)
        }
    }

    /// Asks a publisher for a keyframe, unless it was asked just now.
    func requestKeyframe(of stream: IncomingStream) {
        if stream.keyframes.request(at: now) { sendKeyframeRequest(stream) }
    }

    func sendKeyframeRequest(_ stream: IncomingStream) {
        guard let transport = stream.publication.transport, let inbound = transport.inbound else { return }
        let feedback = stream.producer.track.feedback
        var writer = control.writer()
        let isWritten: Bool
        if feedback.contains(.pictureLoss) {
            isWritten = writer.pictureLoss(sender: inbound.reporter, media: stream.ssrc)
        } else if feedback.contains(.fullIntraRequest) {
            inbound.firCommand &+= 1
            isWritten = writer.fullIntraRequest(
                sender: inbound.reporter, media: stream.ssrc, commandNumber: inbound.firCommand)
        } else {
            isWritten = false
        }
        guard isWritten else { return }
        totals.keyframeRequests &+= 1
        send(writer, to: transport)
    }

    // MARK: Out

    /// Protects and queues what `writer` holds.
    func send(_ writer: RTCPWriter, to transport: Transport) {
        guard let sealer = transport.sealer, let path = transport.paths.selected, writer.count > 0,
            let base = control.memory.baseAddress, let length = sealer.sealControl(base, length: writer.count)
        else { return }
        send(UnsafeRawBufferPointer(start: base, count: length), on: path)
    }

    /// Asks a publisher again for what was lost, and reports arrivals to it.
    func pollFeedback(_ transport: Transport, _ inbound: InboundMedia) {
        guard transport.isSendable else { return }
        for stream in inbound.streams.values where stream.repairs == nil {
            pollMissing(stream, transport, inbound)
            if stream.keyframes.poll(at: now) { sendKeyframeRequest(stream) }
        }
        if let feedback = inbound.feedback, let deadline = feedback.deadline, deadline <= now {
            var writer = control.writer()
            // Any of its SSRCs serves as the media SSRC.
            let media = inbound.streams.keys.first ?? 0
            if feedback.poll(at: now, sender: inbound.reporter, media: media, into: &writer) > 0 {
                send(writer, to: transport)
            }
        }
        if let rate = inbound.estimate?.poll(at: now) { sendEstimate(rate, transport, inbound) }
        if inbound.nextReport <= now {
            inbound.nextReport = now + .seconds(1)
            sendReports(transport, inbound)
        }
    }

    private func pollMissing(_ stream: IncomingStream, _ transport: Transport, _ inbound: InboundMedia) {
        guard let missing = stream.missing, let deadline = missing.deadline, deadline <= now else { return }
        let due = missing.poll(at: now)
        if !due.sequences.isEmpty {
            var writer = control.writer()
            if writer.nack(sender: inbound.reporter, media: stream.ssrc, sequences: due.sequences) {
                send(writer, to: transport)
            }
        }
        if due.needsKeyframe, stream.producer.isVideo { requestKeyframe(of: stream) }
    }

    /// Receiver reports on every stream.
    private func sendReports(_ transport: Transport, _ inbound: InboundMedia) {
        var writer = control.writer()
        guard writer.receiverReport(sender: inbound.reporter) else { return }
        for stream in inbound.streams.values where stream.repairs == nil {
            if let block = stream.statistics.reportBlock(at: now) { _ = writer.reportBlock(block) }
        }
        _ = writer.referenceTime(sender: inbound.reporter, time: inbound.clock.reference(at: now))
        inbound.noteLoss(at: now)
        send(writer, to: transport)
    }

    /// Tells a publisher that understands nothing else how much it may send.
    private func sendEstimate(_ rate: DataRate, _ transport: Transport, _ inbound: InboundMedia) {
        var writer = control.writer()
        guard writer.receiverReport(sender: inbound.reporter) else { return }
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: inbound.streams.count) { sources in
            let count = sources.initialize(fromContentsOf: inbound.streams.keys.prefix(sources.count))
            let listed = UnsafeBufferPointer(rebasing: sources[0..<min(count, 64)])
            _ = writer.receiverEstimate(
                sender: inbound.reporter, bitrate: UInt64(rate.bitsPerSecond), sources: listed)
        }
        send(writer, to: transport)
    }

    /// RTCP BYE for every stream to this peer.
    func sayGoodbye(_ transport: Transport) {
        guard transport.isSendable, !transport.consumers.isEmpty || transport.inbound != nil else { return }
        var writer = control.writer()
        guard writer.receiverReport(sender: transport.inbound?.reporter ?? transport.consumers.first?.track.ssrc ?? 1)
        else { return }
        if let inbound = transport.inbound { _ = writer.goodbye(ssrc: inbound.reporter) }
        for consumer in transport.consumers { _ = writer.goodbye(ssrc: consumer.track.ssrc) }
        send(writer, to: transport)
    }
}
