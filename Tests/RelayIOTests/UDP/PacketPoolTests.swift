import Testing

@testable import RelayIO

@Suite struct PacketPoolTests {
    @Test func aSlotIsHandedOutOnceUntilItComesBack() throws {
        let pool = PacketPool()
        var taken: Set<Int32> = []
        // Beyond one slab, so that it grows.
        for _ in 0..<600 { #expect(taken.insert(try #require(pool.take())).inserted) }
        #expect(pool.used == 600)
        for slot in taken { pool.release(slot) }
        #expect(pool.used == 0)
        var again: Set<Int32> = []
        for _ in 0..<600 { #expect(again.insert(try #require(pool.take())).inserted) }
        #expect(pool.used == 600)
    }

    @Test func aSlotComesBackWithItsLastReference() throws {
        let pool = PacketPool()
        let slot = try #require(pool.take())
        #expect(pool.isSole(slot))
        pool.retain(slot)
        #expect(!pool.isSole(slot))
        pool.release(slot)
        #expect(pool.used == 1)
        pool.release(slot)
        #expect(pool.used == 0)
    }

    @Test func slotsDoNotOverlap() throws {
        let pool = PacketPool()
        let slots = try (0..<520).map { _ in try #require(pool.take()) }
        for (number, slot) in slots.enumerated() {
            pool.memory(slot).initializeMemory(
                as: UInt8.self, repeating: UInt8(truncatingIfNeeded: number &* 7), count: PacketPool.slotBytes)
        }
        for (number, slot) in slots.enumerated() {
            let bytes = UnsafeRawBufferPointer(start: pool.memory(slot), count: PacketPool.slotBytes)
            #expect(bytes.allSatisfy { $0 == UInt8(truncatingIfNeeded: number &* 7) })
        }
    }

    @Test func growsToItsLimitAndNoFurther() {
        let pool = PacketPool()
        var last: Int32?
        for _ in 0..<256 * 1024 { last = pool.take() ?? nil }
        #expect(last != nil)
        #expect(pool.take() == nil)
        #expect(pool.used == 256 * 1024)
        if let last { pool.release(last) }
        #expect(pool.take() == last)
    }
}
