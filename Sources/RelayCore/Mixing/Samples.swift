internal import Glibc

/// Mono samples, 1 being full scale. Loops over them are written so that the compiler makes vector code of them.
typealias Samples = UnsafeMutableBufferPointer<Float>

extension UnsafeMutableBufferPointer<Float> {
    /// Zeros; the owner deallocates.
    static func zeros(_ count: Int) -> Samples {
        let samples = Samples.allocate(capacity: count)
        samples.initialize(repeating: 0)
        return samples
    }

    /// `count` of them from `start` on; both within what there is.
    func part(_ start: Int, _ count: Int) -> Samples { Samples(rebasing: self[start..<start + count]) }

    func clear() { update(repeating: 0) }

    /// Copies all of `other`, which is not longer.
    func copy(_ other: Samples) {
        guard let from = other.baseAddress, let to = baseAddress, other.count <= count else { return }
        to.update(from: from, count: other.count)
    }

    /// Adds all of `other`, which is as long.
    func add(_ other: Samples) {
        let length = Swift.min(count, other.count)
        for at in 0..<length { self[at] += other[at] }
    }

    /// Goes from one gain to another within the first `length` samples, and keeps to that.
    func ramp(from start: Float, to end: Float, within length: Int) {
        let ramped = Swift.min(Swift.max(length, 0), count)
        let step = (end - start) / Float(Swift.max(ramped, 1))
        for at in 0..<ramped { self[at] *= start + step * Float(at) }
        guard end != 1 else { return }
        for at in ramped..<Swift.max(count, ramped) { self[at] *= end }
    }

    /// The largest magnitude.
    var peak: Float {
        var most: Float = 0
        for sample in self { most = Swift.max(most, abs(sample)) }
        return most
    }

    /// The sum of squares.
    var energy: Float { baseAddress.map { product($0, $0, count) } ?? 0 }

    /// As RFC 6464 has it: 0 for full scale, 127 for silence.
    var level: UInt8 {
        let power = energy / Float(Swift.max(count, 1))
        guard power > 1e-12, power.isFinite else { return 127 }
        return UInt8(Swift.min(Swift.max(-10 * log10(power), 0), 127))
    }
}

/// The sum of products of the first `count` samples of both.
func product(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
    // Eight sums, since additions that have to keep their order cannot be done side by side.
    var s0: Float = 0
    var (s1, s2, s3, s4, s5, s6, s7) = (s0, s0, s0, s0, s0, s0, s0)
    var at = 0
    while at &+ 8 <= count {
        s0 += a[at] * b[at]
        s1 += a[at &+ 1] * b[at &+ 1]
        s2 += a[at &+ 2] * b[at &+ 2]
        s3 += a[at &+ 3] * b[at &+ 3]
        s4 += a[at &+ 4] * b[at &+ 4]
        s5 += a[at &+ 5] * b[at &+ 5]
        s6 += a[at &+ 6] * b[at &+ 6]
        s7 += a[at &+ 7] * b[at &+ 7]
        at &+= 8
    }
    var sum = ((s0 + s4) + (s1 + s5)) + ((s2 + s6) + (s3 + s7))
    while at < count {
        sum += a[at] * b[at]
        at &+= 1
    }
    return sum
}
