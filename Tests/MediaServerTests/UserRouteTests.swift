import MediaServer
import RelayControl
import RoomControl
import RoomModel
import TestSupport
import Testing
import Web

@MainActor @Suite struct UserRouteTests {
    @Test func addsAUserAsTheDocumentShows() async throws {
        let backend = Backend()
        try await backend.call(.POST, "/rooms/r", #"{"userId":1,"userInfo":{"contactId":11}}"#)
        let answer = try await backend.call(.POST, "/rooms/r/users/2", #"{"userInfo":{"contactId":22}}"#)
        #expect(answer.status == 200)
        #expect(
            try answer.json
                == json(#"{"id":"2","userInfo":{"contactId":22},"users":[{"id":"1","userInfo":{"contactId":11}}]}"#))
    }

    @Test func aNewcomerGetsAnOfferOfEverybodyWhoProduces() async throws {
        let backend = try await Backend.withTwoUsers()
        backend.relay.kindsOfOffer["audio only"] = TrackSelection(audio: true, video: false)
        try await backend.produce("2", "audio only")
        let answer = try await backend.call(.POST, "/rooms/r/users/3")
        let users = """
            [{"id":"1","userInfo":{"contactId":11}},{"id":"2","userInfo":{"contactId":22},
            "offer":{"type":"offer","sdp":"offer 1 of 2 for 3"},"constraints":{"audio":true,"video":false}}]
            """
        #expect(try answer.json == json(#"{"id":"3","userInfo":{},"users":\#(users)}"#))
    }

    @Test func refusesUsersThatAreThereAndRoomsThatAreNot() async throws {
        let backend = try await Backend.withTwoUsers()
        let again = try await backend.call(.POST, "/rooms/r/users/1")
        #expect(
            again == Backend.Answer(status: 409, json: ["error": ["user_id": "user \"1\" is in room \"r\" already"]]))
        let nowhere = try await backend.call(.POST, "/rooms/nowhere/users/1")
        #expect(nowhere == Backend.Answer(status: 404, json: ["error": ["room_id": "there is no room \"nowhere\""]]))
    }

    @Test(arguments: [
        "null", "0", "-1.5", "\"text\"", "[]", "[1,[2]]", "true", #"{"b":1,"a":{"c":null}}"#, "18446744073709551615",
    ])
    func userInfoComesBackUnchanged(value: String) async throws {
        let backend = Backend()
        let created = try await backend.call(.POST, "/rooms/r", #"{"userId":1,"userInfo":\#(value)}"#)
        #expect(try created.json["userInfo"] == json(value))
        let added = try await backend.call(.POST, "/rooms/r/users/2", #"{"userInfo":\#(value)}"#)
        #expect(try added.json["userInfo"] == json(value))
        let deleted = try await backend.call(.DELETE, "/rooms/r/users/2")
        #expect(try deleted.json["userInfo"] == json(value))
    }

    @Test func userInfoIsBounded() async throws {
        let backend = try await Backend.withTwoUsers()
        func body(_ bytes: Int) -> String { #"{"userInfo":"\#(String(repeating: "x", count: bytes - 2))"}"# }
        #expect(try await backend.call(.POST, "/rooms/r/users/3", body(16 * 1024)).status == 200)
        let answer = try await backend.call(.POST, "/rooms/r/users/4", body(16 * 1024 + 1))
        #expect(answer == Backend.Answer(status: 413, json: ["error": ["userInfo": "is larger than 16384 bytes"]]))
        #expect(try await backend.call(.GET, "/rooms/r/users/4").status == 404)
    }

    @Test func numbersBecomeDecimalStrings() async throws {
        for (number, id) in [("1", "1"), ("-7", "-7"), ("9007199254740993", "9007199254740993"), ("2.5", "2.5")] {
            let answer = try await Backend().call(.POST, "/rooms/r", #"{"userId":\#(number)}"#)
            #expect(answer.json["user_id"] == .string(id))
        }
    }

    @Test(arguments: ["12345678901234567890123", "1e30", "0.00000001"])
    func refusesNumbersThatWouldNotComeBackAsTheyWere(number: String) async throws {
        let backend = Backend()
        let answer = try await backend.call(.POST, "/rooms/r", #"{"userId":\#(number)}"#)
        #expect(answer.status == 400)
        #expect(answer.json["error"]?["user_id"] == "userId: this number is not exact, send it as a string")
        #expect(backend.service.rooms.count == 0)
    }

    @Test(arguments: ["", String(repeating: "x", count: 129), "a\u{0}", "a\nb", "\u{7F}", "\u{85}"])
    func refusesBadIDs(id: String) async throws {
        let backend = try await Backend.withTwoUsers()
        let text = JSONValue.string(id)
        let body = String(decoding: try JSONBody.encode(["userId": text]), as: UTF8.self)
        let created = try await backend.call(.POST, "/rooms/new", body)
        #expect(created.status == 400)
        #expect(created.json["error"]?["user_id"] != nil)
        let consume = String(
            decoding: try JSONBody.encode(["id": text, "answer": ["type": "answer", "sdp": "a"]]), as: UTF8.self)
        #expect(try await backend.call(.POST, "/rooms/r/users/1/consume", consume).json["error"]?["id"] != nil)
        guard !id.isEmpty else { return }
        #expect(try await backend.call(.POST, "/rooms/\(id)").json["error"]?["room_id"] != nil)
        #expect(try await backend.call(.POST, "/rooms/r/users/\(id)").json["error"]?["user_id"] != nil)
        #expect(try await backend.call(.POST, "/rooms/r/users/1/consume/\(id)/offer").json["error"]?["id"] != nil)
        #expect(backend.service.rooms.participantCount == 2)
    }

    @Test func takesIDsOfEveryOtherKind() async throws {
        let backend = Backend()
        for id in [String(repeating: "x", count: 128), String(repeating: "é", count: 128), "a b", "?&#%"] {
            #expect(
                try await backend.call(.POST, "/rooms/\(id)", #"{"userId":"\#(id)"}"#).json["user_id"] == .string(id))
        }
    }

    @Test(arguments: [#"{"userId":true}"#, #"{"userId":[]}"#, "[]", "1", "{", "\u{0}"])
    func refusesBadBodies(body: String) async throws {
        let backend = Backend()
        let answer = try await backend.call(.POST, "/rooms/r", body)
        #expect(answer.status == 400)
        #expect(answer.json["error"]?[body.contains("userId") ? "user_id" : "body"] != nil)
        #expect(backend.service.rooms.count == 0)
    }

    @Test func deletesAUserAsTheDocumentShows() async throws {
        let backend = try await Backend.withTwoUsers()
        let answer = try await backend.call(.DELETE, "/rooms/r/users/2", "{ }")
        #expect(answer.status == 200)
        #expect(
            try answer.json
                == json(#"{"id":"2","userInfo":{"contactId":22},"outbound":[{"id":"1","userInfo":{"contactId":11}}]}"#))
        #expect(backend.relay.calls.last == "remove r 2")
        #expect(try await backend.call(.DELETE, "/rooms/r/users/2").status == 404)
    }

    @Test func aNewcomerThatCannotBeConnectedIsNotAdded() async throws {
        let backend = try await Backend.withTwoUsers()
        try await backend.produce("1")
        backend.relay.offerFailure["3"] = .limit(name: "media.max-transports", value: 3)
        let listener = try await backend.listen("/events")
        let answer = try await backend.call(.POST, "/rooms/r/users/3")
        #expect(answer.status == 503)
        #expect(
            answer.json["error"]?["user_id"]
                == "no more peer connections: the limit of 3 is reached (media.max-transports)")
        #expect(try await backend.call(.GET, "/rooms/r/users/3").status == 404)
        #expect(backend.relay.calls.last == "remove r 3")
        #expect(listener.types == [])
    }

    @Test func aProducerThatTheRelayHasLostIsReportedAsStopped() async throws {
        let backend = try await Backend.withTwoUsers()
        try await backend.produce("1")
        backend.relay.lose("1", in: "r")
        let listener = try await backend.listen("/events")
        let answer = try await backend.call(.POST, "/rooms/r/users/3")
        #expect(answer.status == 200)
        guard case .array(let users) = answer.json["users"] else {
            Issue.record("\(answer)")
            return
        }
        #expect(users.first == ["id": "1", "userInfo": ["contactId": 11]])
        #expect(Set(listener.types) == ["producer.stopped", "user.added"])
    }
}
