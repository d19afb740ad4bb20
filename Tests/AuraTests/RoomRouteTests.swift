import RelayControl
import RoomControl
import RoomModel
import TestSupport
import Testing
import Web

@MainActor @Suite struct RoomRouteTests {
    private static let body =
        #"{"room":{"name":"test room 123","password":"p","open":false,"force_password":false,"force_waiting_room":true,"#
        + #""members":[{"user_id":"02ba016d","admin":true},{"user_id":"5dc9dc1a"}]}}"#

    @Test func aRoomIsAnsweredAsItWasMadeButForItsPassword() async throws {
        let stage = Stage()
        let made = try await stage.call(.POST, "/v1/rooms", Self.body)
        #expect(made.status == 201)
        let id = try #require(made.json["room"]?["uuid"]?.text)
        #expect(id.count == 36)
        let expected = try json(
            """
            {"room":{"uuid":"\(id)","name":"test room 123","open":false,"force_password":false,"force_waiting_room":true,
            "has_password":true,"members":[{"user_id":"02ba016d","admin":true},{"user_id":"5dc9dc1a","admin":false}]}}
            """)
        #expect(made.json == expected)
        #expect(try await stage.call(.GET, "/v1/rooms/\(id)") == .init(status: 200, json: expected))
        let room = try #require(expected["room"])
        #expect(try await stage.call(.GET, "/v1/rooms") == .init(status: 200, json: ["rooms": [room]]))
        #expect(try await stage.store.load().rooms.map(\.id.value) == [id])
        #expect(try await stage.store.load().rooms.first?.passwordHash == "hash of p")
    }

    @Test func aPasswordStaysUntilItIsReplacedOrRemoved() async throws {
        let stage = Stage()
        try await stage.call(.POST, "/v1/rooms", #"{"room":{"uuid":"r","name":"r","password":"p"}}"#)
        func hash() async throws -> String? { try await stage.store.load().rooms.first?.passwordHash }
        for (field, after) in [("", "hash of p"), (#","password":"q""#, "hash of q"), (#","password":null"#, nil)] {
            let answer = try await stage.call(.PUT, "/v1/rooms/r", #"{"room":{"name":"s"\#(field)}}"#)
            #expect(answer.status == 200)
            #expect(answer.json["room"]?["name"] == "s")
            #expect(answer.json["room"]?["has_password"] == .bool(after != nil))
            #expect(try await hash() == after)
        }
    }

    @Test func aDeletedRoomIsGone() async throws {
        let stage = try await Stage.furnished()
        let anna = try await stage.joined("anna")
        #expect(try await stage.call(.DELETE, "/v1/rooms/r") == .init(status: 204, json: .null))
        for (method, path, body) in [
            (Request.Method.GET, "/v1/rooms/r", nil), (.DELETE, "/v1/rooms/r", nil), (.GET, "/v1/rooms/r/members", nil),
            (.PUT, "/v1/rooms/r", #"{"room":{"name":"r"}}"#),
        ] as [(Request.Method, String, String?)] {
            let answer = try await stage.call(method, path, body)
            #expect(answer.status == 404)
            #expect(answer.json["error"]?["code"] == 404)
        }
        #expect(try await stage.store.load().rooms.isEmpty)
        #expect(stage.relay.calls.last == "remove r")
        _ = anna
    }

    @Test func aRoomDeletedByAnyFaceIsKeptNoLonger() async throws {
        let stage = try await Stage.furnished()
        _ = try stage.service.deleteRoom(RoomID("r"))
        await stage.settle()
        #expect(try await stage.store.load().rooms.isEmpty)
    }

    @Test func roomsOfOtherFacesAreShown() async throws {
        let stage = Stage()
        try stage.service.createRoom(RoomID("m"), with: Participant(id: ParticipantID("1")))
        let room: JSONValue = [
            "uuid": "m", "name": "m", "open": false, "force_password": false, "force_waiting_room": false,
            "has_password": false, "members": [],
        ]
        #expect(try await stage.call(.GET, "/v1/rooms/m").json == ["room": room])
        #expect(
            try await stage.call(.GET, "/v1/rooms/m/members").json == [
                "members": [
                    [
                        "id": "1", "name": "1", "is_admin": false, "hand_raised": false, "screen_share": false,
                        "audio_muted": true, "video_muted": true, "audio_muted_by_admin": false,
                        "video_muted_by_admin": false, "is_sip": false,
                    ]
                ]
            ])
        #expect(try await stage.call(.PUT, "/v1/rooms/m", #"{"room":{"name":"m"}}"#).status == 404)
        #expect(try await stage.call(.POST, "/v1/rooms", #"{"room":{"uuid":"m","name":"m"}}"#).status == 409)
        #expect(try await stage.call(.DELETE, "/v1/rooms/m").status == 204)
    }

    @Test(arguments: [
        ("", "body: "), ("{", "body: "), ("[]", "body: "), ("{}", "room: "), (#"{"room":{}}"#, "room.name: "),
        (#"{"room":{"name":""}}"#, "room.name: "), (#"{"room":{"name":7}}"#, "room.name: "),
        (#"{"room":{"name":"a\u0000"}}"#, "room.name: "), (#"{"room":{"name":"r","open":"yes"}}"#, "room.open: "),
        (#"{"room":{"name":"r","password":7}}"#, "room.password: "),
        (#"{"room":{"name":"r","password":""}}"#, "password: "),
        (#"{"room":{"name":"r","members":{}}}"#, "room.members: "),
        (#"{"room":{"name":"r","members":[{}]}}"#, "room.members[0].user_id: "),
        (#"{"room":{"name":"r","members":[{"user_id":""}]}}"#, "room.members.user_id: "),
        (#"{"room":{"name":"r","members":[{"user_id":"a"},{"user_id":"a"}]}}"#, "room.members: "),
        (#"{"room":{"name":"r","uuid":""}}"#, "room.uuid: "),
    ])
    func saysWhatIsWrong(body: String, begin: String) async throws {
        let stage = Stage()
        let answer = try await stage.call(.POST, "/v1/rooms", body)
        #expect(answer.status == 400)
        #expect(answer.json["error"]?["code"] == 400)
        #expect(answer.json["error"]?["message"]?.text?.hasPrefix(begin) == true, "\(answer.json)")
        #expect(stage.service.rooms.count == 0)
    }

    @Test func whatCannotBeKeptIsNotMade() async throws {
        let stage = try await Stage.furnished()
        stage.store.fail(with: .full(file: "x"))
        #expect(try await stage.call(.POST, "/v1/rooms", Self.body).status == 500)
        #expect(try await stage.call(.PUT, "/v1/rooms/r", #"{"room":{"name":"other"}}"#).status == 500)
        stage.store.fail(with: .overloaded)
        let answer = try await stage.call(.DELETE, "/v1/rooms/r")
        #expect(answer.status == 503)
        #expect(answer.json["error"]?["code"] == 503)
        stage.store.fail(with: nil)
        #expect(try await stage.call(.GET, "/v1/rooms").json["rooms"]?.elements.map { $0["name"] } == ["Room r"])
    }

    @Test func idsAreTakenOnceOnly() async throws {
        let stage = try await Stage.furnished()
        #expect(try await stage.call(.POST, "/v1/rooms", #"{"room":{"uuid":"r","name":"r"}}"#).status == 409)
        #expect(
            try await stage.call(.POST, "/v1/rooms", #"{"room":{"uuid":7,"name":"r"}}"#).json["room"]?["uuid"] == "7")
    }

    @Test func noMoreRoomsThanMayBe() async throws {
        let stage = Stage(RoomLimits(maximumRooms: 1))
        #expect(try await stage.call(.POST, "/v1/rooms", Self.body).status == 201)
        #expect(try await stage.call(.POST, "/v1/rooms", Self.body).status == 503)
        #expect(try await stage.store.load().rooms.count == 1)
    }

    @Test func historyIsKept() async throws {
        let stage = try await Stage.furnished()
        let anna = try await stage.joined("anna")
        stage.pass(5)
        anna.ask("leave_room")
        await stage.settle()
        #expect(try await stage.store.sessions(SessionQuery()).map(\.participants) == [1])
    }
}
