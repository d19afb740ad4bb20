import Testing

@testable import Secrets

struct AttemptLimitTests {
    private let here = AttemptLimit.Source("192.0.2.1"), there = AttemptLimit.Source("192.0.2.2")

    @Test func refusesAnAddressAfterItsFailuresOnly() {
        var limit = AttemptLimit(perMinute: 3)
        for _ in 0..<3 {
            #expect(limit.wait(here, at: 100) == nil)
            limit.fail(here, at: 100)
        }
        #expect(limit.wait(here, at: 100) == 20)
        #expect(limit.wait(there, at: 100) == nil)
    }

    @Test func allowsOneMoreAsTimePasses() {
        var limit = AttemptLimit(perMinute: 3)
        for _ in 0..<3 { limit.fail(here, at: 0) }
        #expect(limit.wait(here, at: 19) == 1)
        #expect(limit.wait(here, at: 20) == nil)
        limit.fail(here, at: 20)
        #expect(limit.wait(here, at: 20) == 20)
    }

    @Test func forgetsFailuresAfterAMinute() {
        var limit = AttemptLimit(perMinute: 3)
        for _ in 0..<3 { limit.fail(here, at: 0) }
        for _ in 0..<3 {
            #expect(limit.wait(here, at: 60) == nil)
            limit.fail(here, at: 60)
        }
        #expect(limit.wait(here, at: 60) != nil)
    }

    @Test func zeroIsNoLimit() {
        var limit = AttemptLimit(perMinute: 0)
        for _ in 0..<1000 { limit.fail(here, at: 0) }
        #expect(limit.wait(here, at: 0) == nil)
        #expect(limit.count == 0)
    }

    @Test func remembersABoundedNumberAndTheWorstOfThem() {
        var limit = AttemptLimit(perMinute: 3, maximumSources: 10)
        for _ in 0..<3 { limit.fail(here, at: 0) }
        for other in 0..<100 { limit.fail(AttemptLimit.Source("198.51.100.\(other)"), at: 0) }
        #expect(limit.count == 10)
        #expect(limit.wait(here, at: 0) != nil)
    }

    @Test func aMachinesAddressesAreOne() {
        typealias Source = AttemptLimit.Source
        #expect(Source("2001:db8:1:2::1") == Source("2001:db8:1:2:ffff::7"))
        #expect(Source("2001:db8:1:2::1") != Source("2001:db8:1:3::1"))
        #expect(Source("::ffff:192.0.2.1") == Source("192.0.2.1"))
        #expect(Source("192.0.2.1") != Source("192.0.2.2"))
        #expect(Source("fe80::1%eth0") == Source("fe80::2"))
        #expect(Source("nonsense") != Source("other nonsense"))
        #expect(Source("") == Source(""))
    }
}
