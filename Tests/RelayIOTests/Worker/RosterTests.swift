import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

struct RosterTests {
    private func transports(_ numbers: Range<UInt64>) -> [Transport] {
        numbers.map {
            Transport(
                id: TransportID(value: $0),
                role: .subscriber(room: RoomID("r"), participant: ParticipantID("s")),
                ufrag: "u\($0)",
                password: "p",
                inbound: nil, at: .zero)
        }
    }

    private func visits(_ roster: Roster<Transport>, calls: Int, of parts: Int) -> [UInt64: Int] {
        var round = Roster<Transport>.Round()
        var visits: [UInt64: Int] = [:]
        for _ in 0..<calls {
            let batch = roster.next(&round, of: parts)
            #expect(batch.count <= (roster.count + parts - 1) / parts)
            for transport in batch { visits[transport.id.value, default: 0] += 1 }
        }
        return visits
    }

    @Test(arguments: [1, 3, 24, 25, 26, 100, 1_003] as [UInt64])
    func everybodysTurnComesOnceARound(count: UInt64) {
        var roster = Roster<Transport>()
        for transport in transports(0..<count) { roster.add(transport) }
        let visits = visits(roster, calls: 25 * 4, of: 25)
        #expect(visits.count == Int(count))
        #expect(visits.values.allSatisfy { $0 == 4 })
    }

    @Test func whoHasGoneIsNotVisited() {
        var roster = Roster<Transport>()
        let all = transports(0..<50)
        for transport in all { roster.add(transport) }
        for transport in all where transport.id.value % 3 == 0 { roster.remove(transport) }
        roster.remove(all[0])
        let visits = visits(roster, calls: 10, of: 10)
        #expect(Set(visits.keys) == Set((0..<50).filter { $0 % 3 != 0 }))
        #expect(visits.values.allSatisfy { $0 == 1 })
    }

    @Test func anEmptyRosterHasNobody() {
        var roster = Roster<Transport>()
        var round = Roster<Transport>.Round()
        #expect(roster.next(&round, of: 25).isEmpty)
        let one = transports(7..<8)[0]
        roster.add(one)
        roster.remove(one)
        for _ in 0..<100 { #expect(roster.next(&round, of: 25).isEmpty) }
    }
}
