internal import CNet
internal import Glibc
internal import RelayControl
package import RelayProtocol

/// A producer with its consumers and a socket, but no worker around them: what `./yard bench` measures as fan-out.
///
/// The classes are the worker's own; only their transports are connected by decree, to one address.
package final class FanOutRig {
    private let pool = PacketPool()
    private let socket: MediaSocket
    private let forwarder: Forwarder
    private let producer: Producer
    private let publication: Publication
    private let stream: IncomingStream
    private let table: ExtensionTable
    private let source: HeaderWriter
    private var transports: [Transport] = []
    private var subscribers: [Subscriber] = []
    private var sequence: UInt16 = 0
    private var timestamp: UInt32 = 0

    /// - Parameters:
    ///   - tracks: what the publisher sends and each consumer gets, negotiated alike.
    ///   - port: on 127.0.0.1, where all consumers are said to be.
    /// - Throws: `RelayStartError` where there is no socket, `CipherError` where there are no keys.
    package init(consumers: Int, incoming: IncomingTrack, outgoing: OutgoingTrack, profile: SRTPProfile, port: UInt16)
        throws
    {
        let loopback = Endpoint(high: 0, low: 0x7f00_0001, port: 0, isIPv6: false)
        let bound = try MediaSocket.bind(loopback)
        socket = MediaSocket(descriptor: bound.descriptor, local: bound.local)
        forwarder = Forwarder(sockets: [socket], pool: pool)
        producer = Producer(track: incoming, pool: pool)
        publication = Publication(id: PublicationID(value: 1), room: RoomID("rig"), participant: ParticipantID("rig"))
        stream = IncomingStream(ssrc: 1, encoding: producer.encodings[0], of: publication, at: .zero)
        producer.encodings[0].add(stream)
        table = ExtensionTable(incoming.extensions)
        producer.table = table
        source = HeaderWriter(
            ssrc: 1, payloadType: incoming.codec.payloadType, extensions: incoming.extensions, mid: incoming.mid)
        let path = Path(socket: 0, remote: Endpoint(high: 0, low: 0x7f00_0001, port: port, isIPv6: false))
        var unlimited = BandwidthEstimator.Settings()
        unlimited.start = .unlimited
        unlimited.maximum = .unlimited
        for number in 0..<consumers {
            let subscriber = Subscriber(
                Subscriber.Name(room: publication.room, participant: ParticipantID("\(number)")), settings: unlimited)
            subscribers.append(subscriber)
            let transport = Transport(
                id: TransportID(value: UInt64(number)),
                role: .subscriber(room: publication.room, participant: ParticipantID("\(number)")),
                ufrag: "", password: "", inbound: nil, at: .zero)
            transport.serve(subscriber)
            _ = transport.paths.checked(on: path, useCandidate: true, at: .zero)
            transport.sealer = try PacketSealer(Self.keys(profile, number), profile: profile)
            transport.state = .connected
            var track = outgoing
            track.ssrc = UInt32(truncatingIfNeeded: 1_000 + number)
            transport.consumers = [Consumer(track: track, transport: transport, of: publication)]
            subscriber.joinPath(transport, at: .zero)
            producer.consumers += transport.consumers
            transports.append(transport)
        }
    }

    private static func keys(_ profile: SRTPProfile, _ number: Int) -> SRTPKeys {
        let first = UInt8(truncatingIfNeeded: number)
        return SRTPKeys(
            key: [first] + Array(repeating: 1, count: profile.keyLength - 1),
            salt: Array(repeating: 2, count: profile.saltLength))
    }

    /// Forwards a frame of `packets` packets (at most 16) of `payload` bytes each, as it is after decryption.
    package func forward(packets: Int, payload: Int) {
        timestamp &+= 3_000
        forwarder.setTime(Instant(microseconds: Int64(timestamp)))
        for number in 0..<min(packets, SendQueue.maximumRun) {
            gather(payload: payload, isLast: number == packets - 1)
        }
        producer.encodings[0].flush(forwarder)
        socket.queue.flush()
    }

    private func gather(payload: Int, isLast: Bool) {
        guard let slot = pool.take() else { return }
        defer { pool.release(slot) }
        let memory = pool.memory(slot)
        sequence &+= 1
        let values = HeaderWriter.Values(
            sequence: sequence, timestamp: timestamp, marker: isLast, hasPadding: false, transportSequence: sequence,
            sendTime: 0)
        let length = source.write(
            values, source: UnsafeRawBufferPointer(start: nil, count: 0), fields: ExtensionFields(), to: memory)
        let packet = UnsafeRawBufferPointer(start: memory, count: length + payload)
        guard length + payload <= PacketPool.slotBytes, let header = PacketHeader(packet) else { return }
        let fields = ExtensionFields(packet, header: header, table: table)
        _ = producer.encodings[0].gather(
            PendingPacket(
                slot: slot, memory: memory, header: header, fields: fields, payloadLength: payload,
                startsKeyframe: true, isLate: false),
            of: stream, at: stream.lastPacketAt)
    }

    /// Datagrams that were handed to the kernel, and those of them that it did not take.
    package var sent: (datagrams: UInt64, dropped: UInt64) { (socket.queue.datagrams, socket.queue.drops) }
}
