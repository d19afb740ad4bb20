internal import Glibc
internal import RelayProtocol

/// What others want of a room, in the order in which they wanted it.
enum MixRequest: Sendable {
    case open(MixRoomID, MixSettings)
    case close(MixRoomID)
    case add(MixInputID, owner: MixOwner, codec: MixCodec, isMuted: Bool, room: MixRoomID)
    case remove(MixInputID, room: MixRoomID)
    case setMuted(MixInputID, Bool, room: MixRoomID)
    case addListener(MixListenerID, owner: MixOwner?, codec: MixCodec, room: MixRoomID)
    case removeListener(MixListenerID, room: MixRoomID)
}

/// A packet on its way to a room; its payload is in `MixLetters.Batch.bytes`.
struct MixPacket {
    var room: MixRoomID
    var input: MixInputID
    var arrival: Instant
    var timestamp: UInt32
    var sequence: UInt16
    var level: UInt8?
    var start: Int
    var length: Int
}

/// The way into a mixing thread: requests, and packets' bytes in memory that is used again and again. Of packets there are no more than
/// fit; what comes then is dropped and counted. Requests are few, and none is lost.
///
/// A lock, held for the time of a copy; who takes what came swaps two batches.
final class MixLetters: @unchecked Sendable {
    struct Batch {
        var requests: [MixRequest] = []
        var packets: ContiguousArray<MixPacket> = []
        var bytes: UnsafeMutableRawBufferPointer
        var used = 0

        mutating func clear() {
            requests.removeAll(keepingCapacity: true)
            packets.removeAll(keepingCapacity: true)
            used = 0
        }
    }

    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let bell = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let mostPackets: Int
    // All below is the lock's.
    private var incoming: Batch
    private var other: Batch
    private var isStopped = false
    private var statistics = MixerStatistics()

    /// - Parameters:
    ///   - packets: as many are kept between two ticks.
    ///   - bytes: of all their payloads.
    init(packets: Int = 4_096, bytes: Int = 1 << 20) {
        mostPackets = packets
        incoming = Batch(bytes: .allocate(byteCount: bytes, alignment: 64))
        other = Batch(bytes: .allocate(byteCount: bytes, alignment: 64))
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(bell, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        incoming.bytes.deallocate()
        other.bytes.deallocate()
        pthread_cond_destroy(bell)
        pthread_mutex_destroy(lock)
        bell.deallocate()
        lock.deallocate()
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body()
    }

    // MARK: From any thread

    func post(_ request: MixRequest) {
        locked {
            incoming.requests.append(request)
            pthread_cond_signal(bell)
        }
    }

    /// Copies the payload. A packet wakes nobody: it is looked at when the next tick is due.
    func post(_ packet: MixPacket, _ payload: UnsafeRawBufferPointer) {
        guard payload.count <= WaitingPackets.longestPayload else { return }
        locked {
            guard incoming.packets.count < mostPackets, incoming.used + payload.count <= incoming.bytes.count else {
                statistics.dropped &+= 1
                return
            }
            var packet = packet
            packet.start = incoming.used
            packet.length = payload.count
            if let from = payload.baseAddress, let to = incoming.bytes.baseAddress {
                (to + packet.start).copyMemory(from: from, byteCount: payload.count)
            }
            incoming.used += payload.count
            incoming.packets.append(packet)
        }
    }

    func stop() {
        locked {
            isStopped = true
            pthread_cond_signal(bell)
        }
    }

    var counted: MixerStatistics { locked { statistics } }

    // MARK: From the mixing thread

    /// Waits until `deadline` (nil: for ever) or for a request. Packets alone do not end it.
    /// - Returns: false once it was stopped.
    func wait(until deadline: Instant?) -> Bool {
        locked {
            while !isStopped, incoming.requests.isEmpty {
                guard let deadline else {
                    pthread_cond_wait(bell, lock)
                    continue
                }
                var time = timespec(
                    tv_sec: Int(deadline.microseconds / 1_000_000),
                    tv_nsec: Int(deadline.microseconds % 1_000_000) * 1_000)
                if pthread_cond_timedwait(bell, lock, &time) == ETIMEDOUT { break }
            }
            return !isStopped
        }
    }

    /// Hands over everything that came; the batch is valid during the call.
    func take(_ body: (borrowing Batch) -> Void) {
        locked { swap(&incoming, &other) }
        // Only the mixing thread touches this one. It is not copied: what is not shared keeps its memory when it is cleared.
        body(other)
        other.clear()
    }

    /// - Parameter change: adds to what was counted.
    func count(_ change: (inout MixerStatistics) -> Void) { locked { change(&statistics) } }
}
