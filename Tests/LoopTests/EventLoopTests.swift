import Glibc
import Loop
import Synchronization
import Testing

@Suite struct EventLoopTests {
    @Test func firesTimersInTheOrderOfTheirTimes() throws {
        let loop = try EventLoop()
        var fired: [String] = []
        loop.timer(afterMilliseconds: 6) {
            fired.append("late")
            loop.stop()
        }
        loop.timer(afterMilliseconds: 1) { fired.append("early") }
        loop.run()
        #expect(fired == ["early", "late"])
    }

    @Test func repeatsATimerUntilItIsCancelledFromItsOwnBody() throws {
        let loop = try EventLoop()
        var count = 0
        var timer: LoopTimer?
        timer = loop.timer(afterMilliseconds: 0, repeatingMilliseconds: 1) {
            count += 1
            if count == 3 { timer?.cancel() }
        }
        loop.run()  // ends by itself: nothing is left on the loop
        #expect(count == 3)
        #expect(timer?.isActive == false)
    }

    @Test func aOneShotTimerCanRescheduleItself() throws {
        let loop = try EventLoop()
        var count = 0
        var timer: LoopTimer?
        timer = loop.timer(afterMilliseconds: 0) {
            count += 1
            if count < 3 { timer?.reschedule(afterMilliseconds: 1) }
        }
        loop.run()
        #expect(count == 3)
    }

    @Test func aCancelledTimerNeverFires() throws {
        let loop = try EventLoop()
        let timer = loop.timer(afterMilliseconds: 0) { Issue.record("fired") }
        timer.cancel()
        timer.cancel()
        timer.reschedule(afterMilliseconds: 0)
        loop.run()
        #expect(!timer.isActive)
    }

    @Test func tellsWhenAFileIsReadyAndFallsSilentWhenUpdatedToNothing() throws {
        let loop = try EventLoop()
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        var readable = 0
        var watch: FileWatch?
        watch = try loop.watch(fd: ends[0], for: .readable) { events in
            #expect(events == .readable)
            readable += 1
            try? watch?.update([])
        }
        #expect(write(ends[1], "x", 1) == 1)
        loop.run()  // a paused watch does not keep the loop
        #expect(readable == 1)
        watch?.cancel()
    }

    @Test func refusesToWatchWhatCannotBePolled() throws {
        let loop = try EventLoop()
        #expect(throws: LoopError.self) { _ = try loop.watch(fd: -1, for: .readable) { _ in } }
    }

    @Test func deliversPostedMessagesInOrderFromAnotherThread() throws {
        let loop = try EventLoop()
        var received: [Int] = []
        let mailbox = try loop.mailbox(of: Int.self) { batch in
            received += batch
            if received.count >= 10_000 { loop.stop() }
        }
        let thread = try Thread { for number in 0..<10_000 { mailbox.post(number) } }
        loop.run()
        thread.join()
        #expect(received == Array(0..<10_000))
    }

    @Test func handsAWholeBatchAtOnce() throws {
        let loop = try EventLoop()
        var batches: [[String]] = []
        let mailbox = try loop.mailbox(of: String.self) { batches.append($0) }
        mailbox.post(contentsOf: ["a", "b"])
        mailbox.post("c")
        loop.runOnce()
        mailbox.post("d")
        loop.runOnce()
        #expect(batches == [["a", "b", "c"], ["d"]])
    }

    @Test func aMailboxOutlivesItsLoop() throws {
        var loop: EventLoop? = try EventLoop()
        let mailbox = try loop?.mailbox(of: Int.self) { _ in Issue.record("delivered") }
        loop?.close()
        loop = nil
        mailbox?.post(1)
    }

    @Test func runsBlockingWorkElsewhereAndItsCompletionHere() throws {
        let loop = try EventLoop()
        let here = pthread_self()
        var result: Bool?
        loop.offload {
            pthread_self() != here
        } then: {
            result = $0
        }
        loop.run()
        #expect(result == true)
    }

    @Test func closingWaitsForBlockingWorkAndDropsItsResult() throws {
        let loop = try EventLoop()
        let done = Mutex(false)
        let gate = try FileGate()
        loop.offload {
            gate.wait()
            done.withLock { $0 = true }
        } then: {
            Issue.record("completed")
        }
        let thread = try Thread { gate.open() }
        loop.close()
        thread.join()
        #expect(done.withLock { $0 })
    }

    @Test func catchesSignals() throws {
        let loop = try EventLoop()
        var caught = 0
        try loop.signal(SIGUSR2) {
            caught += 1
            loop.stop()
        }
        kill(getpid(), SIGUSR2)
        loop.run()
        #expect(caught == 1)
    }

    @Test func freesWhateverItsCallbacksHeldWhenItCloses() throws {
        final class Witness {}
        weak var seen: Witness?
        let loop = try EventLoop()
        do {
            let witness = Witness()
            seen = witness
            loop.timer(afterMilliseconds: 100_000) { _ = witness }
            _ = try loop.mailbox(of: Int.self) { _ in _ = witness }
        }
        #expect(seen != nil)
        loop.close()
        #expect(seen == nil)
        loop.run()
    }
}

/// A plain thread, joined by its maker.
private struct Thread {
    private let id: pthread_t

    init(_ body: @escaping @Sendable () -> Void) throws {
        final class Box {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var id = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        let code = pthread_create(
            &id, nil,
            { argument in
                if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        try #require(code == 0)
        self.id = id
    }

    func join() { pthread_join(id, nil) }
}

/// Lets one thread wait for another.
private final class FileGate: Sendable {
    private let ends: (read: Int32, write: Int32)

    init() throws {
        var pair: [Int32] = [0, 0]
        try #require(pipe(&pair) == 0)
        ends = (pair[0], pair[1])
    }

    deinit {
        close(ends.read)
        close(ends.write)
    }
    func open() { _ = write(ends.write, "x", 1) }
    func wait() {
        var byte: UInt8 = 0
        _ = read(ends.read, &byte, 1)
    }
}
