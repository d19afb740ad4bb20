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
    var energy: Float {
        // Sums of their own, since additions in order cannot be done side by side.
        var sums = SIMD8<Float>(repeating: 0)
        var at = 0
        while at &+ 8 <= count {
            var eight = SIMD8<Float>()
            for lane in 0..<8 { eight[lane] = self[at &+ lane] }
            sums += eight * eight
            at &+= 8
        }
        var sum = sums.sum()
        while at < count {
            sum += self[at] * self[at]
            at &+= 1
        }
        return sum
    }

    /// As RFC 6464 has it: 0 for full scale, 127 for silence.
    var level: UInt8 {
        let power = energy / Float(Swift.max(count, 1))
        guard power > 1e-12, power.isFinite else { return 127 }
        return UInt8(Swift.min(Swift.max(-10 * log10(power), 0), 127))
    }
}

/// The sum of products of the first `count` samples of both.
func product(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
    var sums = SIMD8<Float>(repeating: 0)
    var at = 0
    while at &+ 8 <= count {
        var left = SIMD8<Float>()
        var right = SIMD8<Float>()
        for lane in 0..<8 {
            left[lane] = a[at &+ lane]
            right[lane] = b[at &+ lane]
        }
        sums += left * right
        at &+= 8
    }
    var sum = sums.sum()
    while at < count {
        sum += a[at] * b[at]
        at &+= 1
    }
    return sum
}
