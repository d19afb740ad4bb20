/// How long packets were under way, on a scale whose zero does not matter: arrival less the time that the packet is of.
///
/// Of the last five seconds it tells what nearly all packets keep to. Drift between the two clocks moves it by a millisecond in that time
/// at 200 ppm.
struct TransitWindow {
    private static let capacity = 256
    /// A packet in so many may be later.
    private static let exceptions = 32
    /// It is looked at again after so many.
    private static let interval = 16

    private var transits: ContiguousArray<Int64> = []
    private var sorted: ContiguousArray<Int64> = []
    private var next = 0
    private var untilLook = 0
    /// µs. What nearly all packets keep to; nil before the first.
    private(set) var usual: Int64?
    /// Too few packets came to know how far apart they are.
    var isYoung: Bool { transits.count < Self.exceptions }

    /// µs. Of the fastest packet.
    private(set) var least: Int64 = 0
    /// µs. Of the last packet.
    private(set) var last: Int64 = 0

    mutating func clear() {
        transits.removeAll(keepingCapacity: true)
        (next, untilLook, usual) = (0, 0, nil)
    }

    /// - Parameter transit: µs.
    mutating func note(_ transit: Int64) {
        last = transit
        if transits.count < Self.capacity {
            transits.append(transit)
        } else {
            transits[next] = transit
            next = (next + 1) % Self.capacity
        }
        untilLook -= 1
        // With few packets each counts; and what is later than usual may be the beginning of more of it.
        if untilLook <= 0 || transits.count <= Self.exceptions { look() }
    }

    private mutating func look() {
        untilLook = Self.interval
        sorted.removeAll(keepingCapacity: true)
        sorted.append(contentsOf: transits)
        sorted.sort()
        guard let fastest = sorted.first else { return }
        least = fastest
        usual = sorted[sorted.count - 1 - sorted.count / Self.exceptions]
    }
}
