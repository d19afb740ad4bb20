import MediaServer
import RelayControl
import RoomControl
import RoomModel
import TestSupport
import Testing
import Web

@MainActor @Suite struct EventTests {
    @Test func tellsEverythingThatHappensInItsOrder() async throws {
        let backend = Backend()
        let listener = try await backend.listen("/events")
        try await backend.call(.POST, "/rooms/r", #"{"userId":1,"userInfo":{"contactId":11}}"#)
        try await backend.call(.POST, "/rooms/r/users/2", #"{"userInfo":{"contactId":22}}"#)
        try await backend.produce("1")
        try await backend.call(.POST, "/rooms/r/users/1/produce", #"{"constraints":{"audio":false,"video":true}}"#)
        try await backend.call(.DELETE, "/rooms/r/users/1/produce")
        try await backend.produce("2")
        try await backend.call(.DELETE, "/rooms/r/users/2")
        try await backend.call(.DELETE, "/rooms/r/users/1")

        let one = #""room_id":"r","time":"2026-01-02T03:04:05.678Z","id":"1","userInfo":{"contactId":11}"#
        let two = #""room_id":"r","time":"2026-01-02T03:04:05.678Z","id":"2","userInfo":{"contactId":22}"#
        let room = #""room_id":"r","time":"2026-01-02T03:04:05.678Z""#
        let toOne = #"{"id":"1","userInfo":{"contactId":11}}"#
        let toTwo = #"{"id":"2","userInfo":{"contactId":22}}"#
        let expected = [
            #"{"type":"room.created",\#(room)}"#,
            #"{"type":"user.added",\#(one)}"#,
            #"{"type":"user.added",\#(two)}"#,
            #"""
            {"type":"producer.started",\#(one),"constraints":{"audio":true,"video":true},"outbound":
            [{"id":"2","userInfo":{"contactId":22},"offer":{"type":"offer","sdp":"offer 1 of 1 for 2"}}]}
            """#,
            #"{"type":"producer.changed",\#(one),"constraints":{"audio":false,"video":true},"outbound":[\#(toTwo)]}"#,
            #"{"type":"producer.stopped",\#(one),"constraints":{"audio":false,"video":false},"outbound":[\#(toTwo)]}"#,
            #"""
            {"type":"producer.started",\#(two),"constraints":{"audio":true,"video":true},"outbound":
            [{"id":"1","userInfo":{"contactId":11},"offer":{"type":"offer","sdp":"offer 1 of 2 for 1"}}]}
            """#,
            #"{"type":"producer.stopped",\#(two),"constraints":{"audio":false,"video":false},"outbound":[\#(toOne)]}"#,
            #"{"type":"user.deleted",\#(two),"outbound":[\#(toOne)]}"#,
            #"{"type":"user.deleted",\#(one),"outbound":[]}"#,
            #"{"type":"room.deleted",\#(room),"count":0}"#,
        ]
        for (found, text) in zip(listener.events, expected) { #expect(try found == json(text)) }
        #expect(listener.events.count == expected.count)
        #expect(listener.ids == (1...11).map { "i1-\($0)" })
    }

    @Test func tellsWhatHappensWithoutACall() async throws {
        let backend = try await Backend.withTwoUsers()
        let listener = try await backend.listen("/rooms/r/events")
        let (room, one, two) = (RoomID("r"), ParticipantID("1"), ParticipantID("2"))
        backend.now = 1.5
        backend.relay.onEvent(.transportState(room: room, participant: one, producer: nil, state: .connecting))
        backend.relay.onEvent(.transportState(room: room, participant: two, producer: one, state: .disconnected))
        backend.relay.onEvent(.activeSpeaker(room: room, participant: one))
        backend.relay.onEvent(.activeSpeaker(room: room, participant: one))
        backend.relay.onEvent(.activeSpeaker(room: room, participant: nil))
        let common = #""room_id":"r","time":"2026-01-02T03:04:07.178Z""#
        #expect(
            try listener.events == [
                json(#"{"type":"transport.state",\#(common),"id":"1","state":"connecting"}"#),
                json(#"{"type":"transport.state",\#(common),"id":"2","producer_id":"1","state":"disconnected"}"#),
                json(#"{"type":"speaker.active",\#(common),"id":"1"}"#),
                json(#"{"type":"speaker.active",\#(common),"id":null}"#),
            ])
    }

    @Test func saysNothingOfUsersWhoHaveGone() async throws {
        let backend = try await Backend.withTwoUsers()
        let listener = try await backend.listen("/events")
        let gone = ParticipantID("9")
        backend.relay.onEvent(.transportState(room: RoomID("r"), participant: gone, producer: nil, state: .closed))
        backend.relay.onEvent(.transportState(room: RoomID("x"), participant: gone, producer: nil, state: .closed))
        backend.relay.onEvent(.activeSpeaker(room: RoomID("x"), participant: gone))
        #expect(listener.events == [])
    }

    @Test func refusedCallsAreNoEvents() async throws {
        let backend = try await Backend.withTwoUsers()
        let listener = try await backend.listen("/events")
        try await backend.call(.POST, "/rooms/r")
        try await backend.call(.POST, "/rooms/r/users/1")
        try await backend.call(.DELETE, "/rooms/r/users/1/produce")
        backend.relay.produceFailure = .unusableDescription("no")
        try await backend.produce("1")
        #expect(listener.events == [])
    }

    @Test func aRoomsStreamHasThatRoomAloneAndEndsWithIt() async throws {
        let backend = try await Backend.withTwoUsers()
        let listener = try await backend.listen("/rooms/r/events")
        try await backend.call(.POST, "/rooms/other")
        try await backend.call(.DELETE, "/rooms/r/users/2")
        #expect(listener.types == ["user.deleted"])
        #expect(!listener.isClosed)
        try await backend.call(.DELETE, "/rooms/r")
        #expect(listener.types == ["user.deleted", "room.deleted"])
        #expect(listener.isClosed)
        #expect(backend.face.eventListeners == 0)
        #expect(try await backend.call(.GET, "/rooms/r/events").status == 404)
    }

    @Test func whoHangsUpHearsNothingMore() async throws {
        let backend = try await Backend.withTwoUsers()
        let listener = try await backend.listen("/events")
        listener.hangUp()
        try await backend.call(.DELETE, "/rooms/r")
        #expect(listener.events == [])
        #expect(backend.face.eventListeners == 0)
    }

    @Test func goesOnAfterTheLastEventOfTheClient() async throws {
        let backend = try await Backend.withTwoUsers()
        let all = try await backend.listen("/events", after: "i1-0")
        #expect(all.types == ["room.created", "user.added", "user.added"])
        let some = try await backend.listen("/events", after: "i1-2")
        #expect(some.ids == ["i1-3"])
        try await backend.produce("1")
        #expect(some.ids == ["i1-3", "i1-4"])
        let none = try await backend.listen("/events", after: "i1-4")
        #expect(none.events == [])
        try await backend.call(.DELETE, "/rooms/r/users/2")
        #expect(none.types == ["user.deleted"])
    }

    @Test func whoWasAwayStillHearsOfTheRoomsEnd() async throws {
        let backend = try await Backend.withTwoUsers()
        try await backend.call(.DELETE, "/rooms/r")
        let listener = try await backend.listen("/rooms/r/events", after: "i1-2")
        #expect(listener.types == ["user.added", "room.deleted"])
        #expect(listener.isClosed)
        #expect(try await backend.call(.GET, "/rooms/r/events").status == 404)
        let reply = try await backend.reply(.GET, "/rooms/r/events", [], Headers([("Last-Event-ID", "i1-4")]))
        guard case .response(let response) = reply else {
            Issue.record("a stream with nothing left to say")
            return
        }
        #expect(response.status == 404)
    }

    @Test func keepsTheLastThousandAndSaysWhenMoreWereMissed() async throws {
        let backend = try await Backend.withTwoUsers()
        for _ in 0..<1_000 { speak(backend) }
        let complete = try await backend.listen("/rooms/r/events", after: "i1-3")
        #expect(complete.events.count == 1_000)
        #expect(complete.ids.first == "i1-4")

        let late = try await backend.listen("/rooms/r/events", after: "i1-2")
        #expect(late.events.count == 1_001)
        #expect(late.types.first == "events.lost")
        #expect(late.events.first?["room_id"] == "r")
        #expect(late.ids.first == "i1-3")
        #expect(late.ids.last == "i1-1003")
    }

    @Test(arguments: ["", "x", "i1-", "i1--1", "i1-4", "i2-1", "i1-99999999999999999999", "1"])
    func idsOfAnotherProcessAreAGap(id: String) async throws {
        let backend = try await Backend.withTwoUsers()
        let listener = try await backend.listen("/events", after: id)
        #expect(listener.types == ["events.lost", "room.created", "user.added", "user.added"])
        #expect(listener.events.first?["room_id"] == nil)
    }

    @Test func aSlowClientIsNotFlooded() async throws {
        let backend = try await Backend.withTwoUsers()
        for _ in 0..<900 { speak(backend) }
        let listener = try await backend.listen("/events", unread: 256 * 1024)
        speak(backend)
        #expect(listener.events == [])
        listener.read()
        #expect(listener.types == ["speaker.active"])

        listener.keepsUnread = true
        listener.unsent = 256 * 1024 - 1
        for _ in 0..<10 { speak(backend) }
        #expect(listener.events.count == 2)
        listener.read()
        #expect(listener.events.count == 11)
        #expect(listener.ids.last == "i1-914")
    }

    @Test func aClientThatFallsTooFarBehindHearsOfTheGap() async throws {
        let backend = try await Backend.withTwoUsers()
        let listener = try await backend.listen("/events", unread: 256 * 1024)
        for _ in 0..<1_001 { speak(backend) }
        listener.read()
        #expect(listener.types.first == "events.lost")
        #expect(listener.events.count == 1_001)
    }

    @Test func anEventThatWouldBeHugeLeavesTheOffersOut() async throws {
        let backend = try await Backend.withTwoUsers()
        let listener = try await backend.listen("/events")
        let long = String(repeating: "x", count: 200 * 1024)
        try await backend.call(.POST, "/rooms/r/users/\(String(repeating: "u", count: 100))")
        backend.relay.offerPadding = long
        let answer = try await backend.produce("1")
        guard case .array(let outbound) = answer.json["outbound"], let event = listener.events.last else {
            Issue.record("\(answer)")
            return
        }
        #expect(outbound.allSatisfy { $0["offer"] != nil })
        #expect(event["type"] == "producer.started")
        #expect(event["outbound"]?.elements.map { $0["id"] } == outbound.map { $0["id"] })
        #expect(event["outbound"]?.elements.allSatisfy { $0["offer"] == nil } == true)
    }

    /// One event: the other of the two users speaks now.
    private func speak(_ backend: Backend) {
        turn = turn == "1" ? "2" : "1"
        backend.relay.onEvent(.activeSpeaker(room: RoomID("r"), participant: ParticipantID(turn)))
    }

    private final class Turn { var id = "1" }
    private let state = Turn()
    private var turn: String {
        get { state.id }
        nonmutating set { state.id = newValue }
    }
}

extension JSONValue {
    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
}
