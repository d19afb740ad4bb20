import Dispatch
import Glibc
import Synchronization
import Testing

@testable import RelayIO

@Suite struct HandOverRingTests {
    private func takeAll(_ ring: HandOverRing<UInt64>) -> [UInt64] {
        var found: [UInt64] = []
        while let next = ring.next() {
            found.append(next.pointee)
            ring.advance()
        }
        ring.giveBack()
        return found
    }

    private func settled(_ ring: HandOverRing<UInt64>) -> [UInt64] {
        var found: [UInt64] = []
        ring.settle { found.append($0) }
        return found
    }

    @Test func whatIsNotPublishedIsNotSeen() {
        let ring = HandOverRing<UInt64>(capacity: 4)
        #expect(ring.append(1) && ring.append(2))
        #expect(ring.isEmpty && ring.next() == nil)
        ring.publish()
        #expect(!ring.isEmpty)
        #expect(takeAll(ring) == [1, 2])
        #expect(ring.isEmpty)
    }

    @Test func aFullRingTakesNothingUntilTheTakerHasGivenBackAndTheGiverSettled() {
        let ring = HandOverRing<UInt64>(capacity: 4)
        for value in 0..<4 as Range<UInt64> { #expect(ring.append(value)) }
        #expect(!ring.append(4) && ring.free == 0)
        ring.publish()
        _ = ring.next()
        ring.advance()
        #expect(settled(ring) == [] && !ring.append(4))
        ring.giveBack()
        #expect(settled(ring) == [0])
        #expect(settled(ring) == [])
        #expect(ring.append(4) && !ring.append(5))
        ring.publish()
        #expect(takeAll(ring) == [1, 2, 3, 4])
        #expect(settled(ring) == [1, 2, 3, 4])
    }

    @Test func aRingHasMemoryOnceSomethingIsInIt() throws {
        let inlets = try Inlet.all(workers: 64)
        #expect(inlets.allSatisfy { inlet in inlet.rings.allSatisfy { $0?.isInUse != true } })
        let pool = PacketPool()
        let border = Border(of: 0, inlets: inlets, pool: pool)
        let neighbour = try #require(border.neighbour(5))
        #expect(neighbour.incoming.next() == nil)
        neighbour.settle()
        #expect(neighbour.tell(.keyframe(1, encoding: 0, isReminder: false)))
        #expect(inlets[5].rings[0]?.isInUse == true)
        #expect(inlets.flatMap { $0.rings.compactMap { $0 } }.filter(\.isInUse).count == 1)
    }

    @Test func lettersFromManyThreadsAreTakenOnceAndInOrder() throws {
        let count: UInt32 = 5000
        let inlets = try Inlet.all(workers: 4)
        let senders = (1...3).map { worker in
            Thread { for name in 0..<count { inlets[0].post(.unfollow(name), from: worker) } }
        }
        var next: [UInt32] = [0, 0, 0, 0]
        var isInOrder = true
        while next.dropFirst().contains(where: { $0 < count }) {
            var watched = pollfd(fd: inlets[0].doorbell.descriptor, events: Int16(POLLIN), revents: 0)
            // Nobody else would wake it: who misses a letter waits for ever.
            try #require(poll(&watched, 1, 20_000) == 1)
            inlets[0].doorbell.answer()
            repeat {
                for case (let worker, .unfollow(let name)) in inlets[0].takeLetters() {
                    isInOrder = isInOrder && next[worker] == name
                    next[worker] += 1
                }
            } while !inlets[0].doorbell.sleep { inlets[0].hasNews }
        }
        for sender in senders { sender.join() }
        #expect(isInOrder && next == [0, count, count, count])
        #expect(!inlets[0].hasNews && inlets[0].takeLetters().isEmpty)
    }

    @Test func theOwnerLivesAsLongAsTheRing() {
        final class Owner {}
        weak var owner: Owner?
        do {
            let ring = HandOverRing<UInt64>(capacity: 2)
            do {
                let made = Owner()
                owner = made
                ring.keep(made)
            }
            #expect(owner != nil)
            withExtendedLifetime(ring) {}
        }
        #expect(owner == nil)
    }

    /// What the giver lends: written before it is handed over, read by the taker, counted by the giver only.
    private final class Lent: @unchecked Sendable {
        let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: 64)
        init() { memory.initialize(repeating: 0, count: 64) }
        deinit { memory.deallocate() }
    }

    @Test func betweenTwoThreadsNothingIsLostRepeatedOrReorderedAndWhatWasLentComesBack() {
        let count: UInt64 = 200_000
        // Elements are places in `lent`; each is written anew only once it has come back.
        let ring = HandOverRing<UInt64>(capacity: 32)
        let lent = Lent()
        let wrong = Atomic<Int>(0)
        let isDone = DispatchSemaphore(value: 0)
        let taker = Thread {
            var expected: UInt64 = 0
            while expected < count {
                guard let place = ring.next()?.pointee else {
                    sched_yield()
                    continue
                }
                if lent.memory[Int(place)] != expected { wrong.add(1, ordering: .relaxed) }
                expected += 1
                ring.advance()
                if expected % 3 == 0 || expected == count { ring.giveBack() }
            }
            isDone.signal()
        }
        var free = Array((0..<64 as Range<UInt64>))
        var sent: UInt64 = 0
        var back = 0
        while sent < count {
            ring.settle {
                free.append($0)
                back += 1
            }
            guard ring.free > 0, let place = free.popLast() else {
                ring.publish()
                sched_yield()
                continue
            }
            lent.memory[Int(place)] = sent
            #expect(ring.append(place))
            sent += 1
            if sent % 5 == 0 || sent == count { ring.publish() }
        }
        isDone.wait()
        taker.join()
        ring.settle { _ in back += 1 }
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(back == Int(count))
        #expect(ring.isEmpty && ring.free == ring.capacity)
    }

    @Test func nobodySleepsWhileSomethingWaits() throws {
        let count: UInt64 = 20_000
        let ring = HandOverRing<UInt64>(capacity: 64)
        let bell = try Doorbell()
        let wakeUps = Atomic<Int>(0)
        let taker = Thread {
            var taken: UInt64 = 0
            while taken < count {
                // Nobody else would wake it: who misses one waits for ever.
                var watched = pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&watched, 1, 20_000) == 1 else { return }
                wakeUps.add(1, ordering: .relaxed)
                bell.answer()
                repeat {
                    while ring.next() != nil {
                        ring.advance()
                        taken += 1
                    }
                    ring.giveBack()
                } while !bell.sleep { !ring.isEmpty }
            }
        }
        var sent: UInt64 = 0
        while sent < count {
            ring.settle { _ in }
            if ring.append(sent) {
                sent += 1
                ring.publish()
                bell.ring()
            } else {
                sched_yield()
            }
        }
        taker.join()
        ring.settle { _ in }
        #expect(ring.isEmpty && ring.free == ring.capacity)
        #expect(wakeUps.load(ordering: .relaxed) <= Int(count))
    }
}

/// A thread that is waited for.
private final class Thread {
    private var thread = pthread_t()

    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    init(_ body: @escaping @Sendable () -> Void) {
        let context = Unmanaged.passRetained(Body(body)).toOpaque()
        pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context)
    }

    func join() { pthread_join(thread, nil) }
}
