internal import Loop
internal import Synchronization

/// Where things from other workers arrive at one worker: a ring and a queue of letters from each, and one doorbell.
final class Inlet: Sendable {
    /// Elements that a ring holds. A worker that does not take them for so long misses what comes then, and that is all it costs
    /// the others: also, no more slots of theirs can wait here.
    static let capacity = 1024

    /// By the number of the worker that gives; nil for itself.
    let rings: [HandOverRing<Crossing>?]
    let doorbell: Doorbell
    private let letters = Mutex<[(from: Int, letter: Letter)]>([])
    /// Spares whoever looks for letters the lock.
    private let hasLetters = Atomic<Bool>(false)

    private init(of worker: Int, workers: Int) throws(LoopError) {
        rings = (0..<workers).map { $0 == worker ? nil : HandOverRing(capacity: Self.capacity) }
        doorbell = try Doorbell()
    }

    /// One for each worker; none where there is only one worker.
    static func all(workers: Int) throws(LoopError) -> [Inlet] {
        guard workers > 1 else { return [] }
        var inlets: [Inlet] = []
        for worker in 0..<workers { inlets.append(try Inlet(of: worker, workers: workers)) }
        return inlets
    }

    /// Queues a letter, from any worker's thread.
    func post(_ letter: Letter, from worker: Int) {
        letters.withLock { $0.append((worker, letter)) }
        hasLetters.store(true, ordering: .sequentiallyConsistent)
        doorbell.ring()
    }

    /// Letters in the order in which they were posted.
    func takeLetters() -> [(from: Int, letter: Letter)] {
        guard hasLetters.load(ordering: .relaxed), hasLetters.exchange(false, ordering: .sequentiallyConsistent) else {
            return []
        }
        return letters.withLock { letters in
            defer { letters = [] }
            return letters
        }
    }

    /// Whether anything waits to be taken.
    var hasNews: Bool { rings.contains { $0?.isEmpty == false } || hasLetters.load(ordering: .sequentiallyConsistent) }
}
