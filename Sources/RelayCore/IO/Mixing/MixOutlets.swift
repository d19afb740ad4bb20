internal import Loop
internal import RelayMixing
internal import Synchronization

/// One encoding of a room's mix on its way to a worker, for its listeners there.
struct MixedSound: Sendable {
    var listeners: [TransportID]
    var payload: [UInt8]
    var timestamp: UInt32
    var marker: Bool
    /// −dBov, as RFC 6464 has it.
    var level: UInt8
}

/// Where the mixing threads' frames leave for the workers: gathered while the threads mix, posted once their tick is over.
final class MixOutlets: MixSink {
    private let mailboxes: [Mailbox<MixedSound>]
    /// By worker.
    private let gathered: Mutex<[[MixedSound]]>

    /// - Parameter mailboxes: one for each worker, by number.
    init(_ mailboxes: [Mailbox<MixedSound>]) {
        self.mailboxes = mailboxes
        gathered = Mutex(Array(repeating: [], count: mailboxes.count))
    }

    func mixed(_ frame: MixedFrame, in room: MixRoomID) {
        guard frame.codec == .opus else { return }
        var listeners = [[TransportID]](repeating: [], count: mailboxes.count)
        for name in frame.listeners {
            let (worker, transport) = name.place
            if listeners.indices.contains(worker) { listeners[worker].append(transport) }
        }
        let payload = Array(frame.payload)
        gathered.withLock { gathered in
            for worker in listeners.indices where !listeners[worker].isEmpty {
                gathered[worker].append(
                    MixedSound(
                        listeners: listeners[worker], payload: payload, timestamp: frame.timestamp,
                        marker: frame.marker, level: frame.audioLevel))
            }
        }
    }

    func ticked() {
        let ready = gathered.withLock { gathered in
            let ready = gathered
            for worker in gathered.indices { gathered[worker] = [] }
            return ready
        }
        for (worker, sounds) in ready.enumerated() where !sounds.isEmpty {
            mailboxes[worker].post(contentsOf: sounds)
        }
    }
}

extension MixListenerID {
    /// A connection that hears the mix: its number, and above it that of its worker.
    init(_ transport: TransportID, on worker: Int) {
        self.init(UInt64(truncatingIfNeeded: worker) << 48 | transport.value & (1 << 48 - 1))
    }

    var place: (worker: Int, transport: TransportID) {
        (Int(truncatingIfNeeded: value >> 48), TransportID(value: value & (1 << 48 - 1)))
    }
}

extension MixOwner {
    /// A participant, who keeps its publication for as long as it publishes.
    init(_ publication: PublicationID) { self.init(publication.value) }
}
