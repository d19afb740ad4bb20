import RelayMixing
import RelayProtocol

/// A room in simulated time: voices send, networks delay, the mix ticks, ears hear.
final class Simulation {
    let mix: RoomMix
    /// µs of the next tick.
    private(set) var clock: Int64
    private var voices: [Voice] = []
    private var ears: [MixListenerID: Ear] = [:]
    private var others: [MixListenerID: (MixedFrame) -> Void] = [:]
    private var underWay: [(voice: Voice, packet: Voice.Packet)] = []
    private(set) var frames = 0
    private(set) var bytes = 0
    /// Called before each tick.
    var beforeTick: ((Int64) -> Void)?

    /// - Parameter phase: µs of the first tick.
    init(_ settings: MixSettings = MixSettings(), phase: Int64 = 13_000) {
        guard let mix = RoomMix(settings) else { fatalError("no memory for an encoder") }
        self.mix = mix
        clock = phase
    }

    func add(_ voice: Voice, codec: MixCodec = .opus, isMuted: Bool = false) {
        voices.append(voice)
        mix.add(voice.input, of: voice.owner, codec: codec, isMuted: isMuted)
    }

    /// The voice's own ear, or that of somebody who only listens.
    @discardableResult
    func listen(_ number: UInt64, of owner: MixOwner?, codec: MixCodec = .opus) -> Ear {
        let ear = Ear(codec)
        ears[MixListenerID(number)] = ear
        mix.addListener(MixListenerID(number), of: owner, codec: codec)
        return ear
    }

    /// What a listener that was added already is sent.
    func ear(_ listener: MixListenerID, _ body: @escaping (MixedFrame) -> Void) { others[listener] = body }

    func remove(_ voice: Voice) {
        voices.removeAll { $0 === voice }
        mix.remove(voice.input)
    }

    func leave(_ number: UInt64) {
        ears[MixListenerID(number)] = nil
        mix.removeListener(MixListenerID(number))
    }

    func run(milliseconds: Int) {
        for _ in 0..<milliseconds / 20 {
            deliver(until: clock)
            beforeTick?(clock)
            mix.tick(at: Instant(microseconds: clock)) { frame in
                frames += 1
                bytes += frame.payload.count * frame.listeners.count
                for listener in frame.listeners {
                    ears[listener]?.hear(frame, at: clock)
                    others[listener]?(frame)
                }
            }
            clock += 20_000
        }
    }

    private func deliver(until now: Int64) {
        for voice in voices {
            while voice.nextSending <= now {
                if let packet = voice.send() { underWay.append((voice, packet)) }
            }
        }
        let come = underWay.filter { $0.packet.arrival <= now }.sorted { $0.packet.arrival < $1.packet.arrival }
        underWay.removeAll { $0.packet.arrival <= now }
        for (voice, packet) in come {
            packet.payload.withUnsafeBytes {
                mix.receive(
                    voice.input, sequence: packet.sequence, timestamp: packet.timestamp, payload: $0,
                    level: voice.level, at: Instant(microseconds: packet.arrival))
            }
        }
    }
}
