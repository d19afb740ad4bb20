/// Forms the initialization vectors of SRTP from a session salt: XOR of salt, SSRC and packet index
/// (RFC 3711, section 4.1.1, for counter mode; RFC 7714, sections 8.1 and 9.1, for GCM).
struct SaltedCounter {
    private let high: UInt64
    private let low: UInt64
    private let isGCM: Bool

    /// - Parameter salt: 12 bytes for GCM, 14 for counter mode.
    init(salt: [UInt8], isGCM: Bool) {
        func load(_ range: Range<Int>) -> UInt64 {
            range.reduce(0) { $0 << 8 | UInt64($1 < salt.count ? salt[$1] : 0) }
        }
        self.isGCM = isGCM
        high = isGCM ? load(0..<4) : load(0..<8)
        low = isGCM ? load(4..<12) : load(8..<16)
    }

    /// Calls `body` with the vector: 12 bytes for GCM, 16 for counter mode.
    /// - Parameter index: 48-bit packet index, or the 31-bit SRTCP index.
    @inline(__always)
    func withVector<Result>(ssrc: UInt32, index: UInt64, _ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        var vector: (UInt64, UInt64) = (0, 0)
        return withUnsafeMutablePointer(to: &vector) { pointer in
            let out = UnsafeMutableRawPointer(pointer)
            if isGCM {
                let first = UInt32(truncatingIfNeeded: high) ^ ssrc >> 16
                let second = low ^ (UInt64(ssrc & 0xffff) << 48 | index & 0xffff_ffff_ffff)
                out.storeBytes(of: first.bigEndian, as: UInt32.self)
                out.storeBytes(of: second.bigEndian, toByteOffset: 4, as: UInt64.self)
            } else {
                out.storeBytes(of: (high ^ UInt64(ssrc)).bigEndian, as: UInt64.self)
                out.storeBytes(of: (low ^ index << 16).bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return body(UnsafePointer(out.assumingMemoryBound(to: UInt8.self)))
        }
    }
}
