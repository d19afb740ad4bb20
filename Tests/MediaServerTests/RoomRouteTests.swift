import MediaServer
import RelayControl
import RoomControl
import RoomModel
import TestSupport
import Testing
import Web

@MainActor @Suite struct RoomRouteTests {
    @Test func createsARoomWithAUserAsTheDocumentShows() async throws {
        let backend = Backend()
        let answer = try await backend.call(
            .POST, "/rooms/a97810e7-b7de-4d22-af4e-5a172746ed55", #"{"userId":1,"userInfo":{"contactId":11}}"#)
        #expect(answer.status == 200)
        #expect(
            try answer.json
                == json(
                    #"{"room_id":"a97810e7-b7de-4d22-af4e-5a172746ed55","user_id":"1","users":[],"userInfo":{"contactId":11}}"#
                ))
    }

    @Test(arguments: [nil, "{}", #"{"userId":null}"#, #"{"userInfo":{"ignored":"without a userId"},"more":1}"#])
    func createsARoomWithoutAUser(body: String?) async throws {
        let answer = try await Backend().call(.POST, "/rooms/r", body)
        #expect(answer == Backend.Answer(status: 200, json: ["room_id": "r"]))
    }

    @Test func makesAnIDWhenNoneIsGiven() async throws {
        let backend = Backend()
        let answers = [
            try await backend.call(.POST, "/rooms"), try await backend.call(.POST, "/rooms", #"{"userId":"u"}"#),
        ]
        var ids: Set<JSONValue> = []
        for answer in answers {
            guard case .string(let id) = answer.json["room_id"] else {
                Issue.record("\(answer)")
                return
            }
            #expect(id.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
            ids.insert(.string(id))
        }
        #expect(ids.count == 2)
        #expect(answers[1].json["user_id"] == "u")
        #expect(answers[1].json["userInfo"] == [:])
    }

    @Test func refusesARoomThatExists() async throws {
        let backend = Backend()
        try await backend.call(.POST, "/rooms/r")
        let answer = try await backend.call(.POST, "/rooms/r", #"{"userId":1}"#)
        #expect(answer == Backend.Answer(status: 409, json: ["error": ["room_id": "room \"r\" exists already"]]))
        #expect(try await backend.call(.GET, "/rooms/r").json["users"] == [])
    }

    @Test func listsRoomsWithTheirCounts() async throws {
        let backend = try await Backend.withTwoUsers()
        try await backend.call(.POST, "/rooms/b")
        #expect(
            try await backend.call(.GET, "/rooms").json
                == json(#"[{"id":"r","usersCount":2},{"id":"b","usersCount":0}]"#))
    }

    @Test func showsARoomWithItsTransports() async throws {
        let backend = try await Backend.withTwoUsers()
        try await backend.produce("1")
        var produce = TransportStatistics()
        (produce.state, produce.bytes, produce.packets, produce.bitrate) = (.connected, 1_000, 10, 8_000)
        (produce.lost, produce.roundTripMilliseconds) = (2, 12.5)
        backend.relay.statisticsOf["1"] = ParticipantStatistics(produce: produce)
        backend.relay.statisticsOf["2"] = ParticipantStatistics(
            consume: [(producer: ParticipantID("1"), statistics: TransportStatistics())])

        let one = """
            {"id":"1","userInfo":{"contactId":11},"constraints":{"audio":true,"video":true},"produce":
            {"state":"connected","bytes":1000,"packets":10,"bitrate":8000,"lost":2,"rtt_ms":12.5}}
            """
        let two = """
            {"id":"2","userInfo":{"contactId":22},"consume":
            [{"id":"1","state":"new","bytes":0,"packets":0,"bitrate":0,"lost":0,"rtt_ms":null,"estimate":null}]}
            """
        #expect(try await backend.call(.GET, "/rooms/r").json == json(#"{"room_id":"r","users":[\#(one),\#(two)]}"#))
        let alone = two.replacing(#""estimate":null"#, with: #""estimate":null,"tracks":[]"#)
        #expect(try await backend.call(.GET, "/rooms/r/users/2").json == json(alone))
        #expect(try await backend.call(.GET, "/rooms/r/users/3").status == 404)
    }

    @Test func deletesARoomWithItsUsers() async throws {
        let backend = try await Backend.withTwoUsers()
        let answer = try await backend.call(.DELETE, "/rooms/r", "{ }")
        #expect(answer == Backend.Answer(status: 200, json: ["count": 2]))
        #expect(backend.relay.calls.last == "remove r")
        #expect(try await backend.call(.DELETE, "/rooms/r").status == 404)
        #expect(try await backend.call(.GET, "/rooms/r").status == 404)
    }

    @Test func aRoomEndsWithItsLastUser() async throws {
        let backend = try await Backend.withTwoUsers()
        try await backend.call(.DELETE, "/rooms/r/users/1")
        #expect(try await backend.call(.GET, "/rooms/r").status == 200)
        try await backend.call(.DELETE, "/rooms/r/users/2")
        #expect(try await backend.call(.GET, "/rooms/r").status == 404)
        #expect(backend.relay.calls.suffix(2) == ["remove r 2", "remove r"])
    }

    @Test func aRoomThatNobodyEntersEndsAtItsTimeout() async throws {
        let backend = Backend()
        try await backend.call(.POST, "/rooms/r")
        backend.now = 299
        backend.service.tick()
        #expect(try await backend.call(.GET, "/rooms/r").status == 200)
        backend.now = 300
        backend.service.tick()
        #expect(try await backend.call(.GET, "/rooms/r").status == 404)
    }

    @Test func idleUsersGoWhenThatIsWanted() async throws {
        var limits = RoomLimits()
        limits.idleTimeout = 60
        let backend = try await Backend.withTwoUsers(limits)
        backend.relay.onEvent(
            .transportState(room: RoomID("r"), participant: ParticipantID("2"), producer: nil, state: .connected))
        backend.now = 61
        backend.service.tick()
        #expect(try await backend.call(.GET, "/rooms/r/users/1").status == 404)
        #expect(try await backend.call(.GET, "/rooms/r/users/2").status == 200)
        #expect(backend.relay.calls.last == "remove r 1")
    }

    @Test func keepsToItsLimits() async throws {
        var limits = RoomLimits()
        limits.maximumRooms = 1
        limits.maximumParticipants = 2
        let backend = try await Backend.withTwoUsers(limits)
        let room = try await backend.call(.POST, "/rooms/second")
        #expect(room.status == 503)
        #expect(room.json["error"]?["room_id"] == "no more rooms: the limit of 1 is reached (rooms.max)")
        let user = try await backend.call(.POST, "/rooms/r/users/3")
        #expect(user.status == 403)
        #expect(user.json["error"]?["user_id"] == "the room is full: its limit is 2 users (users.max-per-room)")
        #expect(backend.service.rooms.count == 1)
        #expect(backend.service.rooms.participantCount == 2)
    }
}
