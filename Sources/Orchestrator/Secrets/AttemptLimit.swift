internal import Glibc

/// How many wrong passwords may come from where: a leaking bucket for each address, filled by failures only, so that
/// an office of hundreds behind one address that all know the password never notices.
///
/// Instants are seconds on any clock that never goes backwards.
struct AttemptLimit {
    /// Failures in a row; also how many are forgotten in a minute. 0: no limit.
    let perMinute: Int
    /// Addresses that are remembered at once; beyond that the one with the fewest failures is forgotten.
    let maximumSources: Int
    private var buckets: [Source: Bucket] = [:]

    private struct Bucket {
        var failures: Double
        var at: Double
    }

    init(perMinute: Int, maximumSources: Int = 10_000) {
        self.perMinute = perMinute
        self.maximumSources = max(1, maximumSources)
    }

    /// How many addresses are remembered.
    var count: Int { buckets.count }

    /// Seconds, rounded up, until an attempt from there is allowed; nil: it is now.
    func wait(_ source: Source, at now: Double) -> Int? {
        guard perMinute > 0, let bucket = buckets[source] else { return nil }
        let excess = level(bucket, at: now) - Double(perMinute - 1)
        guard excess > 0.000_001 else { return nil }
        return max(1, Int((excess * 60 / Double(perMinute)).rounded(.up)))
    }

    /// Notes a wrong password.
    mutating func fail(_ source: Source, at now: Double) {
        guard perMinute > 0 else { return }
        if buckets[source] == nil && buckets.count >= maximumSources { makeRoom(at: now) }
        let failures = buckets[source].map { level($0, at: now) } ?? 0
        buckets[source] = Bucket(failures: min(failures + 1, Double(perMinute)), at: now)
    }

    private func level(_ bucket: Bucket, at now: Double) -> Double {
        max(0, bucket.failures - max(0, now - bucket.at) * Double(perMinute) / 60)
    }

    private mutating func makeRoom(at now: Double) {
        buckets = buckets.filter { level($0.value, at: now) > 0 }
        guard buckets.count >= maximumSources else { return }
        if let least = buckets.min(by: { level($0.value, at: now) < level($1.value, at: now) }) {
            buckets[least.key] = nil
        }
    }
}

extension AttemptLimit {
    /// Who is taken for one: an IPv4 address, or the /64 that an IPv6 address is of, since one machine has all of it.
    struct Source: Hashable {
        private let bytes: [UInt8]

        /// What is no address counts as an address of its own.
        init(_ address: String) {
            var v4 = in_addr(), v6 = in6_addr()
            let plain = String(address.prefix { $0 != "%" })
            if inet_pton(AF_INET, plain, &v4) == 1 {
                bytes = withUnsafeBytes(of: v4) { Array($0) }
            } else if inet_pton(AF_INET6, plain, &v6) == 1 {
                let all = withUnsafeBytes(of: v6) { Array($0) }
                let isMapped = all.prefix(10).allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
                bytes = isMapped ? Array(all.suffix(4)) : Array(all.prefix(8))
            } else {
                bytes = Array(address.utf8.prefix(64)) + [0]
            }
        }
    }
}
