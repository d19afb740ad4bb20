import MediaServer
import RelayControl
import TestSupport
import Testing
import Web

@MainActor @Suite struct ProduceTests {
    private let path = "/rooms/r/users/1/produce"

    @Test func answersAnOfferAsTheDocumentShows() async throws {
        let backend = try await Backend.withTwoUsers()
        let answer = try await backend.call(
            .POST, path, #"{"offer":{"type":"offer","sdp":"o"},"constraints":{"audio":true,"video":true}}"#)
        #expect(answer.status == 200)
        let expected = """
            {"answer":{"type":"answer","sdp":"answer to o"},"id":"1","userInfo":{"contactId":11},
            "constraints":{"audio":true,"video":true},
            "outbound":[{"id":"2","userInfo":{"contactId":22},"offer":{"type":"offer","sdp":"offer 1 of 1 for 2"}}]}
            """
        #expect(try answer.json == json(expected))
    }

    @Test func constraintsFollowTheOffersTracksWhenNoneAreSent() async throws {
        let backend = try await Backend.withTwoUsers()
        backend.relay.kindsOfOffer["audio only"] = TrackSelection(audio: true, video: false)
        let answer = try await backend.produce("1", "audio only")
        #expect(answer.json["constraints"] == ["audio": true, "video": false])
    }

    @Test func aKindThatTheOfferHasNotIsFalse() async throws {
        let backend = try await Backend.withTwoUsers()
        backend.relay.kindsOfOffer["audio only"] = TrackSelection(audio: true, video: false)
        let answer = try await backend.call(
            .POST, path, #"{"offer":{"type":"offer","sdp":"audio only"},"constraints":{"audio":false,"video":true}}"#)
        #expect(answer.json["constraints"] == ["audio": false, "video": false])
    }

    @Test func aNewOfferRenewsEverybodysConnection() async throws {
        let backend = try await Backend.withTwoUsers()
        try await backend.produce("1")
        let answer = try await backend.produce("1", "o2")
        #expect(answer.json["answer"]?["sdp"] == "answer to o2")
        #expect(
            try answer.json["outbound"]
                == json(
                    #"[{"id":"2","userInfo":{"contactId":22},"offer":{"type":"offer","sdp":"offer 2 of 1 for 2"}}]"#))
        #expect(!backend.relay.calls.contains { $0.hasSuffix("restart") })
    }

    @Test func constraintsAloneMuteWithoutAnySDP() async throws {
        let backend = try await Backend.withTwoUsers()
        try await backend.produce("1")
        backend.relay.forgetCalls()
        let answer = try await backend.call(.POST, path, #"{"constraints":{"audio":false,"video":true}}"#)
        let expected = """
            {"id":"1","userInfo":{"contactId":11},"constraints":{"audio":false,"video":true},
            "outbound":[{"id":"2","userInfo":{"contactId":22}}]}
            """
        #expect(try answer == Backend.Answer(status: 200, json: json(expected)))
        #expect(backend.relay.calls == ["select r 1"])
        let newcomer = try await backend.call(.POST, "/rooms/r/users/3")
        guard case .array(let users) = newcomer.json["users"] else {
            Issue.record("\(newcomer)")
            return
        }
        #expect(users.first?["constraints"] == ["audio": false, "video": true])
    }

    @Test func constraintsAloneNeedAProducer() async throws {
        let backend = try await Backend.withTwoUsers()
        let answer = try await backend.call(.POST, path, #"{"constraints":{"audio":true,"video":true}}"#)
        #expect(answer.status == 409)
        #expect(answer.json["error"]?["constraints"] != nil)
        try await backend.produce("1")
        backend.relay.lose("1", in: "r")
        #expect(try await backend.call(.POST, path, #"{"constraints":{"audio":true,"video":true}}"#).status == 409)
        #expect(try await backend.call(.DELETE, path).status == 404)
    }

    @Test(arguments: [
        ("{}", "body"), (#"{"offer":null,"constraints":null}"#, "body"), ("", "body"), ("[]", "body"), ("{", "body"),
        (#"{"offer":{"type":"offer"}}"#, "offer"), (#"{"offer":{"sdp":"o"}}"#, "offer"), (#"{"offer":"o"}"#, "offer"),
        (#"{"offer":{"type":"answer","sdp":"o"}}"#, "offer"), (#"{"offer":{"type":"offer","sdp":""}}"#, "offer"),
        (#"{"offer":{"type":"offer","sdp":1}}"#, "offer"),
        (#"{"constraints":{"audio":true}}"#, "constraints"),
        (#"{"constraints":{"audio":1,"video":true}}"#, "constraints"),
        (#"{"constraints":[]}"#, "constraints"),
        (#"{"offer":{"type":"offer","sdp":"o"},"constraints":{"video":true}}"#, "constraints"),
    ])
    func refusesBadBodiesNamingTheField(body: String, field: String) async throws {
        let backend = try await Backend.withTwoUsers()
        let answer = try await backend.call(.POST, path, body)
        #expect(answer.status == 400)
        #expect(answer.json["error"]?[field] != nil, "\(answer)")
        #expect(backend.relay.calls.isEmpty)
    }

    @Test func refusesUnknownRoomsAndUsers() async throws {
        let backend = try await Backend.withTwoUsers()
        #expect(try await backend.produce("1", in: "x").json["error"]?["room_id"] != nil)
        let answer = try await backend.produce("3")
        #expect(
            answer == Backend.Answer(status: 404, json: ["error": ["user_id": "there is no user \"3\" in room \"r\""]]))
        #expect(backend.relay.calls.isEmpty)
    }

    @Test func saysWhatTheRelayFoundWrong() async throws {
        let backend = try await Backend.withTwoUsers()
        for (failure, status, message) in [
            (RelayError.unusableDescription("line 3: no ICE password"), 400, "line 3: no ICE password"),
            (
                .limit(name: "media.max-transports", value: 9), 503,
                "no more peer connections: the limit of 9 is reached (media.max-transports)"
            ),
            (.limit(name: "sdp.max-bytes", value: 9), 413, "the SDP is larger than the limit of 9 (sdp.max-bytes)"),
        ] {
            backend.relay.produceFailure = failure
            let answer = try await backend.produce("1")
            #expect(answer == Backend.Answer(status: status, json: ["error": ["offer": .string(message)]]))
        }
        #expect(try await backend.call(.GET, "/rooms/r/users/1").json["constraints"] == nil)
    }

    @Test func aStartThatCannotReachEverybodyIsTakenBack() async throws {
        let backend = try await Backend.withTwoUsers()
        try await backend.call(.POST, "/rooms/r/users/3")
        backend.relay.offerFailure["3"] = .limit(name: "media.max-transports", value: 2)
        #expect(try await backend.produce("1").status == 503)
        #expect(backend.relay.calls.last == "stop r 1")
        #expect(try await backend.call(.DELETE, path).status == 404)
    }

    @Test func aRenegotiationThatCannotReachSomebodyStandsWithoutThatOffer() async throws {
        let backend = try await Backend.withTwoUsers()
        try await backend.produce("1")
        backend.relay.offerFailure["2"] = .limit(name: "media.max-transports", value: 2)
        let answer = try await backend.produce("1", "o2")
        #expect(answer.status == 200)
        #expect(try answer.json["outbound"] == json(#"[{"id":"2","userInfo":{"contactId":22}}]"#))
    }

    @Test func stopsAsTheDocumentShows() async throws {
        let backend = try await Backend.withTwoUsers()
        try await backend.produce("1")
        let answer = try await backend.call(.DELETE, path, "{ }")
        let expected = """
            {"id":"1","userInfo":{"contactId":11},"constraints":{"audio":false,"video":false},
            "outbound":[{"id":"2","userInfo":{"contactId":22}}]}
            """
        #expect(try answer == Backend.Answer(status: 200, json: json(expected)))
        #expect(backend.relay.calls.last == "stop r 1")
        let again = try await backend.call(.DELETE, path)
        #expect(again == Backend.Answer(status: 404, json: ["error": ["user_id": "user \"1\" does not produce"]]))
        #expect(try await backend.call(.DELETE, "/rooms/r/users/9/produce").status == 404)
    }
}
