@testable import RelayProtocol
import Testing

@Suite struct AddressSetTests {
    private func path(_ number: Int) -> Path {
        Path(socket: 0, remote: Endpoint(high: 0, low: 0x7f00_0001, port: UInt16(1000 + number), isIPv6: false))
    }
    private func at(_ seconds: Int64) -> Instant { .zero + .seconds(seconds) }

    @Test func theFirstPathIsSelectedAndOnlyNominationMovesIt() {
        var set = AddressSet()
        #expect(set.selected == nil)
        #expect(
            set.checked(on: path(1), useCandidate: false, at: at(0))
                == .init(isNew: true, selectionMoved: true, evicted: nil))
        #expect(
            set.checked(on: path(2), useCandidate: false, at: at(1))
                == .init(isNew: true, selectionMoved: false, evicted: nil))
        #expect(set.selected == path(1))
        #expect(
            set.checked(on: path(2), useCandidate: true, at: at(2))
                == .init(isNew: false, selectionMoved: true, evicted: nil))
        #expect(set.selected == path(2))
        #expect(
            set.checked(on: path(2), useCandidate: true, at: at(3))
                == .init(isNew: false, selectionMoved: false, evicted: nil))
        _ = set.checked(on: path(1), useCandidate: false, at: at(4))
        #expect(set.selected == path(2))
        #expect(set.lastCheck == at(4))
    }

    @Test func theOneCheckedLongestAgoMakesRoomButNeverTheSelectedOne() {
        var set = AddressSet()
        for number in 0..<AddressSet.capacity {
            _ = set.checked(on: path(number), useCandidate: false, at: at(Int64(number)))
        }
        _ = set.checked(on: path(1), useCandidate: false, at: at(20))
        #expect(set.checked(on: path(100), useCandidate: false, at: at(21)).evicted == path(2))
        #expect(set.paths.count == AddressSet.capacity)
        for number in 200..<300 {
            let change = set.checked(on: path(number), useCandidate: false, at: at(Int64(number)))
            #expect(change.evicted != nil)
            #expect(set.contains(path(number)))
        }
        #expect(set.contains(path(0)))
        #expect(set.paths.count == AddressSet.capacity)
    }

    @Test func aSelectedPathThatFellSilentGivesWayToOneThatIsChecked() {
        var set = AddressSet()
        _ = set.checked(on: path(1), useCandidate: true, at: at(0))
        _ = set.checked(on: path(2), useCandidate: false, at: at(10))
        #expect(set.expire(at: at(12)) == [])
        #expect(set.selected == path(1))
        #expect(set.expire(at: at(13)) == [])
        #expect(set.selected == path(2))
        _ = set.checked(on: path(1), useCandidate: false, at: at(20))
        _ = set.checked(on: path(2), useCandidate: false, at: at(20))
        _ = set.expire(at: at(31))
        #expect(set.selected == path(2))
    }

    @Test func pathsExpireButTheSelectedOneStays() {
        var set = AddressSet()
        _ = set.checked(on: path(0), useCandidate: false, at: at(0))
        _ = set.checked(on: path(1), useCandidate: false, at: at(0))
        _ = set.checked(on: path(2), useCandidate: false, at: at(10))
        #expect(set.expire(at: at(30)) == [])
        #expect(set.expire(at: at(31)) == [path(1)])
        #expect(set.expire(at: at(31)) == [])
        #expect(set.expire(at: at(1000)) == [path(2)])
        #expect(set.paths == [path(0)])
        #expect(set.selected == path(0))
    }
}
