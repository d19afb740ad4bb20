import MediaServer
import RelayControl
import TestSupport
import Testing
import Web

@MainActor @Suite struct ConsumeTests {
    private let path = "/rooms/r/users/2/consume"
    private let one = #"{"id":"1","answer":{"type":"answer","sdp":"a1"}}"#
    private let three = #"{"id":3,"answer":{"type":"answer","sdp":"a3"}}"#

    /// Users 1 and 3 produce, and 2 has been offered both.
    private func withTwoProducers() async throws -> Backend {
        let backend = try await Backend.withTwoUsers()
        try await backend.call(.POST, "/rooms/r/users/3")
        try await backend.produce("1")
        try await backend.produce("3")
        backend.relay.forgetCalls()
        return backend
    }

    @Test func bindsAnAnswerAsTheDocumentShows() async throws {
        let backend = try await withTwoProducers()
        let answer = try await backend.call(.POST, path, one)
        #expect(answer == Backend.Answer(status: 200, json: ["status": "connected"]))
        #expect(backend.relay.calls == ["consume r 2 1=a1"])
    }

    @Test func bindsSeveralAnswersInOneStep() async throws {
        let backend = try await withTwoProducers()
        let answer = try await backend.call(.POST, path, #"{"answers":[\#(three),\#(one)]}"#)
        #expect(answer == Backend.Answer(status: 200, json: ["status": "connected"]))
        #expect(backend.relay.calls == ["consume r 2 3=a3,1=a1"])
    }

    @Test func namesTheTracksWhoseCodecAnAnswerLacks() async throws {
        let backend = try await withTwoProducers()
        backend.relay.refusals["3"] = [RefusedTrack(mid: "1", codec: "H264"), RefusedTrack(mid: "2", codec: "AV1")]
        let answer = try await backend.call(.POST, path, #"{"answers":[\#(one),\#(three)]}"#)
        let expected = """
            {"status":"connected","refused":[{"id":"3","mid":"1","codec":"H264"},{"id":"3","mid":"2","codec":"AV1"}]}
            """
        #expect(try answer == Backend.Answer(status: 200, json: json(expected)))
    }

    @Test(arguments: [
        (SubscriptionFailure.Reason.unknownProducer, 404, "id"), (.superseded, 409, "answer"),
        (.mismatch("3 m-lines, offered were 2"), 409, "answer"), (.unusableDescription("line 1"), 400, "answer"),
        (.limit(name: "sdp.max-bytes", value: 9), 413, "answer"),
    ])
    func saysWhichAnswerWasWrong(reason: SubscriptionFailure.Reason, status: Int, field: String) async throws {
        let backend = try await withTwoProducers()
        backend.relay.consumeFailure = SubscriptionFailure(producer: ParticipantID("3"), reason: reason)
        let answer = try await backend.call(.POST, path, #"{"answers":[\#(one),\#(three)]}"#)
        #expect(answer.status == status)
        guard case .string(let message) = answer.json["error"]?[field] else {
            Issue.record("\(answer)")
            return
        }
        #expect(message.contains("\"3\""))
    }

    @Test func refusesAProducerThatWasNeverOffered() async throws {
        let backend = try await withTwoProducers()
        let answer = try await backend.call(.POST, path, #"{"id":"9","answer":{"type":"answer","sdp":"a"}}"#)
        #expect(answer.status == 404)
        #expect(answer.json["error"]?["id"] != nil)
    }

    @Test(arguments: [
        ("{}", "body"), ("", "body"), (#"{"id":"1"}"#, "answer"), (#"{"answer":{"type":"answer","sdp":"a"}}"#, "id"),
        (#"{"id":"1","answer":{"type":"offer","sdp":"a"}}"#, "answer"), (#"{"id":"1","answer":"a"}"#, "answer"),
        (#"{"id":"1","answer":{"type":"answer","sdp":""}}"#, "answer"),
        (#"{"answers":[]}"#, "answer"), (#"{"answers":{}}"#, "answer"), (#"{"answers":[{"id":"1"}]}"#, "answer"),
        (#"{"id":"1","answers":[{"id":"1","answer":{"type":"answer","sdp":"a"}}]}"#, "body"),
        (
            #"{"answers":[{"id":"1","answer":{"type":"answer","sdp":"a"}},{"id":1,"answer":{"type":"answer","sdp":"b"}}]}"#,
            "id"
        ),
    ])
    func refusesBadBodiesNamingTheField(body: String, field: String) async throws {
        let backend = try await withTwoProducers()
        let answer = try await backend.call(.POST, path, body)
        #expect(answer.status == 400)
        #expect(answer.json["error"]?[field] != nil, "\(answer)")
        #expect(backend.relay.calls.isEmpty)
    }

    @Test func namesTheFirstAnswerThatIsNoAnswer() async throws {
        let backend = try await withTwoProducers()
        let bad = #"{"id":"3","answer":{"type":"offer","sdp":"a"}}"#
        let answer = try await backend.call(.POST, path, #"{"answers":[\#(one),\#(bad)]}"#)
        #expect(
            answer
                == Backend.Answer(
                    status: 400,
                    json: ["error": ["answer": "the answer for \"3\": type is \"offer\", expected \"answer\""]]))
    }

    @Test func refusesUnknownUsersBeforeAskingTheRelay() async throws {
        let backend = try await withTwoProducers()
        #expect(try await backend.call(.POST, "/rooms/r/users/9/consume", one).json["error"]?["user_id"] != nil)
        #expect(try await backend.call(.POST, "/rooms/x/users/2/consume", one).json["error"]?["room_id"] != nil)
        #expect(backend.relay.calls.isEmpty)
    }

    @Test func makesAFreshOfferWithARestart() async throws {
        let backend = try await withTwoProducers()
        let answer = try await backend.call(.POST, "\(path)/1/offer")
        #expect(
            try answer
                == Backend.Answer(
                    status: 200, json: json(#"{"id":"1","offer":{"type":"offer","sdp":"offer 2 of 1 for 2"}}"#)))
        #expect(backend.relay.calls == ["offer r 1>2 restart"])
    }

    @Test func makesNoFreshOfferOfWhatIsNotThere() async throws {
        let backend = try await withTwoProducers()
        for id in ["2", "9"] {
            let answer = try await backend.call(.POST, "\(path)/\(id)/offer")
            #expect(answer.status == 404)
            #expect(answer.json["error"]?["id"] != nil)
        }
        try await backend.call(.DELETE, "/rooms/r/users/1/produce")
        #expect(try await backend.call(.POST, "\(path)/1/offer").status == 404)
        #expect(try await backend.call(.POST, "/rooms/r/users/9/consume/3/offer").json["error"]?["user_id"] != nil)
        backend.relay.offerFailure["2"] = .limit(name: "media.max-transports", value: 1)
        #expect(try await backend.call(.POST, "\(path)/3/offer").status == 503)
    }
}
