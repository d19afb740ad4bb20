import Dispatch
import RelayMixing
import RelayProtocol
import Synchronization
import Testing

/// The threads: rooms come and go while they run.
@Suite struct MixerTests {
    /// Tells when so many frames have come.
    final class Counter: MixSink {
        private struct State {
            var frames: [MixRoomID: Int] = [:]
            var ticks = 0
            var awaited: (room: MixRoomID, count: Int)?
        }

        private let state = Mutex(State())
        private let reached = DispatchSemaphore(value: 0)

        func mixed(_ frame: MixedFrame, in room: MixRoomID) {
            let hasReached = state.withLock { state in
                state.frames[room, default: 0] += 1
                guard let awaited = state.awaited, awaited.room == room, state.frames[room] ?? 0 >= awaited.count else {
                    return false
                }
                state.awaited = nil
                return true
            }
            if hasReached { reached.signal() }
        }

        func ticked() { state.withLock { $0.ticks += 1 } }

        /// - Returns: whether so many more came within ten seconds.
        func wait(for count: Int, in room: MixRoomID) -> Bool {
            state.withLock { $0.awaited = (room, ($0.frames[room] ?? 0) + count) }
            return reached.wait(timeout: .now() + 10) == .success
        }

        var ticks: Int { state.withLock { $0.ticks } }
    }

    private let first = MixRoomID(1)
    private let second = MixRoomID(2)

    /// Telephones are sent silence, too, so that a room with one is heard at each tick.
    private func open(_ room: MixRoomID, _ mixer: Mixer) {
        mixer.open(room)
        mixer.addListener(MixListenerID(1), of: nil, codec: .pcma, to: room)
    }

    @Test(arguments: [1, 2]) func roomsAreMixedEachTwentyMilliseconds(_ threads: Int) throws {
        let counter = Counter()
        let mixer = try #require(Mixer(threads: threads, sink: counter))
        defer { mixer.stop() }
        open(first, mixer)
        open(second, mixer)
        #expect(counter.wait(for: 1, in: first))
        let clock = ContinuousClock()
        let began = clock.now
        #expect(counter.wait(for: 25, in: first))
        // Late by what a busy machine makes of it, but never early.
        #expect(clock.now - began > .milliseconds(400))
        #expect(counter.wait(for: 2, in: second))
        #expect(mixer.statistics.rooms == 2)
    }

    @Test func aMixerWithoutRoomsDoesNotTickAndBeginsAgain() throws {
        let counter = Counter()
        let mixer = try #require(Mixer(sink: counter))
        defer { mixer.stop() }
        open(first, mixer)
        #expect(counter.wait(for: 3, in: first))
        open(second, mixer)
        mixer.close(first)
        mixer.close(second)
        mixer.close(second)
        open(second, mixer)
        #expect(counter.wait(for: 3, in: second))
        #expect(mixer.statistics.rooms == 1)
    }

    @Test func packetsFindTheirWayAndWhatIsTooMuchIsCounted() throws {
        let counter = Counter()
        let mixer = try #require(Mixer(sink: counter))
        defer { mixer.stop() }
        open(first, mixer)
        mixer.add(MixInputID(1), of: MixOwner(1), codec: .pcma, to: first)
        let payload = [UInt8](repeating: 0xd5, count: 1_400)
        payload.withUnsafeBytes { bytes in
            for number in 0..<20_000 {
                mixer.receive(
                    MixInputID(1), in: first, sequence: UInt16(truncatingIfNeeded: number), timestamp: UInt32(number),
                    payload: bytes, level: nil, at: .zero)
            }
        }
        #expect(counter.wait(for: 3, in: first))
        #expect(mixer.statistics.dropped > 0)
        #expect(counter.ticks > 0)
    }
}
