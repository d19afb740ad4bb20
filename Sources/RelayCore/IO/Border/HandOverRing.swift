internal import Synchronization

/// A queue of fixed capacity from one thread to one other. It neither locks, waits nor allocates.
///
/// The taker's index is also the way back: what the taker has passed is the giver's again, who gets it by `settle`, in order.
/// So an element may lend something that the giver counts without atomics. Every method says whose it is.
///
///     settled      begin (taker)      end (giver)      appended
///        | may be settled | may be taken  | not yet published | free …
final class HandOverRing<Element>: @unchecked Sendable {
    /// Memory is taken when the first element is appended: most workers have nothing for most others. `publish` shows the taker
    /// that too.
    private var elements: UnsafeMutablePointer<Element>?
    private let mask: Int
    private let gap = CacheGap()
    private let end = SharedIndex()
    private let begin = SharedIndex()
    // The giver's.
    private var appended = 0
    private var published = 0
    private var settled = 0
    /// What elements point into; it lives as long as they can be read.
    private var owner: AnyObject?
    private let secondGap = CacheGap()
    // The taker's.
    private var taken = 0
    private var seenEnd = 0
    private let lastGap = CacheGap()

    /// - Parameters:
    ///   - capacity: a power of two.
    ///   - Element: trivial, as elements are neither copied with care nor destroyed.
    init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0 && _isPOD(Element.self))
        mask = capacity - 1
    }

    deinit { elements?.deallocate() }

    /// It has memory.
    var isInUse: Bool { elements != nil }

    var capacity: Int { mask + 1 }

    // MARK: Giver

    /// Keeps `owner` alive for as long as the ring lives.
    func keep(_ owner: AnyObject) { self.owner = owner }

    /// Elements that there is room for, as far as is settled.
    @inline(__always)
    var free: Int { capacity - (appended - settled) }

    /// Adds an element that the taker sees after `publish`; false where the ring is full.
    @inline(__always)
    func append(_ element: Element) -> Bool {
        guard free > 0 else { return false }
        let elements = elements ?? allocate()
        (elements + (appended & mask)).initialize(to: element)
        appended += 1
        return true
    }

    @inline(never)
    private func allocate() -> UnsafeMutablePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        elements = memory
        return memory
    }

    /// Something was appended and not published yet.
    @inline(__always)
    var hasUnpublished: Bool { appended != published }

    /// Shows the taker everything that was appended.
    func publish() {
        published = appended
        // Not just releasing: whoever rings a doorbell next must not look at it before this is visible.
        end.value.store(appended, ordering: .sequentiallyConsistent)
    }

    /// Calls `body` with every element that the taker is done with, in order, once.
    @inline(__always)
    func settle(_ body: (borrowing Element) -> Void) {
        guard let elements else { return }
        let passed = begin.value.load(ordering: .acquiring)
        while settled != passed {
            body(elements[settled & mask])
            settled += 1
        }
    }

    // MARK: Taker

    /// Whether nothing is left to take.
    var isEmpty: Bool { taken == end.value.load(ordering: .sequentiallyConsistent) }

    /// The oldest element, valid until `giveBack` after `advance`; nil where there is none.
    @inline(__always)
    func next() -> UnsafePointer<Element>? {
        if taken == seenEnd {
            seenEnd = end.value.load(ordering: .acquiring)
            if taken == seenEnd { return nil }
        }
        return elements.map { UnsafePointer($0 + (taken & mask)) }
    }

    /// Steps over the element that `next` returned.
    @inline(__always)
    func advance() { taken += 1 }

    /// Gives everything that was stepped over back to the giver.
    @inline(__always)
    func giveBack() { begin.value.store(taken, ordering: .releasing) }
}

/// An index that one thread writes and another reads, alone on its cache lines (two: neighbours are fetched in pairs).
private struct SharedIndex: ~Copyable {
    let value = Atomic<Int>(0)
    private let gap = CacheGap()
}

/// Keeps what stands before it and behind it off each other's cache lines.
private struct CacheGap {
    private let words = InlineArray<16, UInt64>(repeating: 0)
}
