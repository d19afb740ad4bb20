import RelayProtocol
import Testing

struct HandshakeQueueTests {
    private var queue = HandshakeQueue<Int>()

    private mutating func push(_ bytes: [UInt8], of owner: Int) -> Bool {
        bytes.withUnsafeBytes { queue.push($0, of: owner) }
    }

    /// Works off one turn whose every step takes `step` microseconds.
    private mutating func turn(from start: Int64, step: Int64) -> [Int] {
        var owners: [Int] = []
        let began = Instant(microseconds: start)
        var now = began
        while let item = queue.next(at: now, turnBegan: began) {
            owners.append(item.owner)
            now = now + .microseconds(step)
        }
        return owners
    }

    @Test mutating func datagramsLeaveInTheOrderInWhichTheyCame() {
        for number in 0..<10 as Range<UInt8> { #expect(push([22, number], of: Int(number) % 3)) }
        let began = Instant.zero
        var seen: [[UInt8]] = []
        while let item = queue.next(at: began, turnBegan: began) { seen.append(item.datagram) }
        #expect(seen == (0..<10).map { [22, $0] })
        #expect(queue.isEmpty)
    }

    @Test mutating func aTurnEndsWhenItsTimeIsOver() {
        for owner in 0..<500 { #expect(push([22], of: owner)) }
        #expect(turn(from: 5_000, step: 300) == [0, 1, 2, 3])
        #expect(turn(from: 9_000, step: 300) == [4, 5, 6, 7])
        #expect(queue.count == 492)
    }

    @Test mutating func aStepThatTakesLongerThanATurnIsTakenAllTheSame() {
        for owner in 0..<3 { #expect(push([22], of: owner)) }
        #expect(turn(from: 0, step: 50_000) == [0])
        #expect(turn(from: 90_000, step: 50_000) == [1])
        #expect(turn(from: 190_000, step: 50_000) == [2])
        #expect(turn(from: 290_000, step: 50_000).isEmpty)
    }

    @Test mutating func nobodyFillsTheQueueForTheOthers() {
        for _ in 0..<HandshakeQueue<Int>.maximumPerOwner { #expect(push([22], of: 1)) }
        #expect(!push([22], of: 1))
        #expect(push([22], of: 2))
        // Room again once one of them has had its turn.
        let began = Instant.zero
        #expect(queue.next(at: began, turnBegan: began)?.owner == 1)
        #expect(push([22], of: 1))
        #expect(!push([22], of: 1))
    }

    @Test mutating func aQueueThatNeverRunsEmptyDoesNotGrow() {
        #expect(push([22], of: 0))
        #expect(push([22], of: 1))
        var most = 0
        var isInOrder = true
        for owner in 2..<200_000 {
            isInOrder = push([22], of: owner) && isInOrder && turn(from: 0, step: 5_000) == [owner - 2]
            most = max(most, queue.places)
        }
        #expect(isInOrder)
        #expect(queue.count == 2)
        #expect(most < 4_096)
    }

    @Test mutating func theQueueIsBounded() {
        for owner in 0..<HandshakeQueue<Int>.maximum { #expect(push([22], of: owner)) }
        #expect(!push([22], of: -1))
        #expect(turn(from: 0, step: 0).count == HandshakeQueue<Int>.maximum)
        #expect(queue.isEmpty)
        #expect(push([22], of: -1))
    }
}
