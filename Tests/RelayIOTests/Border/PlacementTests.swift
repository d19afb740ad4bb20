import Testing

@testable import RelayIO

@Suite struct PlacementTests {
    /// Lets `count` connections of a room open, each of somebody new.
    private func fill(_ placement: inout Placement, _ share: inout [Int], _ count: Int) -> [Int] {
        (0..<count).map { _ in
            let worker = placement.worker(for: share)
            placement.opened(on: worker)
            share[worker] += 1
            return worker
        }
    }

    @Test func aRoomBeginsOnTheWorkerWithTheFewestConnectionsAndOfEqualsOnTheFirst() {
        var placement = Placement(workers: 3, spread: 10)
        let nobody = [0, 0, 0]
        #expect(placement.worker(for: nobody) == 0)
        placement.opened(on: 0)
        #expect(placement.worker(for: nobody) == 1)
        placement.opened(on: 1)
        placement.opened(on: 2)
        placement.opened(on: 2)
        placement.closed(on: 0)
        #expect(placement.worker(for: nobody) == 0)
    }

    @Test func aSmallRoomStaysTogetherHoweverBusyItsWorkerIs() {
        var placement = Placement(workers: 2, spread: 10)
        for _ in 0..<500 { placement.opened(on: 1) }
        #expect(placement.worker(for: [0, 9]) == 1)
    }

    @Test func aLargeRoomFillsOneWorkerAfterTheOtherAndThenEvenly() {
        var placement = Placement(workers: 3, spread: 4)
        var share = [0, 0, 0]
        #expect(fill(&placement, &share, 12) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
        #expect(fill(&placement, &share, 6) == [0, 1, 2, 0, 1, 2])
        #expect(share == [6, 6, 6])
    }

    @Test func aLargeRoomStaysWhereNoOtherWorkerHasLessToDo() {
        var placement = Placement(workers: 2, spread: 4)
        for _ in 0..<50 { placement.opened(on: 1) }
        var share = [0, 0]
        #expect(fill(&placement, &share, 20) == Array(repeating: 0, count: 20))
    }

    @Test func whereSomeLeftThereIsRoomAgain() {
        var placement = Placement(workers: 2, spread: 4)
        var share = [0, 0]
        _ = fill(&placement, &share, 8)
        placement.closed(on: 0)
        share[0] -= 1
        #expect(placement.worker(for: share) == 0)
    }
}
