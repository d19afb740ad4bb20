/// How long packets were under way, on a scale whose zero does not matter: arrival less the time that the packet is of.
///
/// Of the last five seconds it tells what nearly all packets keep to. Drift between the two clocks moves it by a millisecond in that time
/// at 200 ppm.
struct TransitWindow {
    private static let capacity = 256
    /// A packet in so many may be later.
    private static let exceptions = 32

    /// As they came, the oldest at `next` once there are as many as are kept.
    private var transits: ContiguousArray<Int64> = []
    /// The same by size.
    private var sorted: ContiguousArray<Int64> = []
    private var next = 0
    /// µs. Of the last packet.
    private(set) var last: Int64 = 0

    /// µs. What nearly all packets keep to; nil before the first.
    var usual: Int64? { sorted.isEmpty ? nil : sorted[sorted.count - 1 - sorted.count / Self.exceptions] }

    /// µs. Of the fastest packet.
    var least: Int64 { sorted.first ?? 0 }

    /// Too few packets came to know how far apart they are.
    var isYoung: Bool { transits.count < Self.exceptions }

    mutating func clear() {
        transits.removeAll(keepingCapacity: true)
        sorted.removeAll(keepingCapacity: true)
        next = 0
    }

    /// - Parameter transit: µs.
    mutating func note(_ transit: Int64) {
        last = transit
        if transits.count < Self.capacity {
            transits.append(transit)
        } else {
            sorted.remove(at: place(of: transits[next]))
            transits[next] = transit
            next = (next + 1) % Self.capacity
        }
        sorted.insert(transit, at: place(of: transit))
    }

    /// The first place whose transit is not shorter.
    private func place(of transit: Int64) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < transit { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
