import MediaServer
import RelayControl
import RoomControl
import RoomModel
import TestSupport
import Testing
import Web

@MainActor @Suite struct DemoTests {
    let backend = Backend()
    let demo: Demo

    init() { demo = Demo(face: backend.face) }

    private func page() async throws -> Page { try await Page(demo) }

    @Test func joiningMakesTheRoomAndAUserWithThatName() async throws {
        let ann = try await page()
        ann.say(#"{"type":"join","room":"r","name":"Ann"}"#)
        let joined = ann.heard()
        #expect(joined.count == 1)
        #expect(joined.first?["type"] == "joined")
        #expect(joined.first?["room"] == "r")
        #expect(joined.first?["users"] == [])
        let id = try #require(joined.first?["id"])
        let room = try await backend.call(.GET, "/rooms/r").json
        #expect(room["users"] == [["id": id, "userInfo": ["name": "Ann"]]])
    }

    @Test func aNewcomerSeesWhoIsThereAndTheOthersSeeTheNewcomer() async throws {
        let (ann, bob) = (try await page(), try await page())
        let annID = try ann.join(as: "Ann")
        ann.say(#"{"type":"produce","offer":{"type":"offer","sdp":"o"}}"#)
        #expect(
            try ann.heard() == [
                json(
                    #"{"type":"produced","answer":{"type":"answer","sdp":"answer to o"},"constraints":{"audio":true,"video":true}}"#
                )
            ])
        bob.say(#"{"type":"join","room":"r","name":"Bob"}"#)
        let joined = try #require(bob.heard().first)
        guard case .string(let bobID) = joined["id"] else {
            Issue.record("\(joined)")
            return
        }
        let expected = """
            [{"id":"\(annID)","userInfo":{"name":"Ann"},"constraints":{"audio":true,"video":true},
            "offer":{"type":"offer","sdp":"offer 1 of \(annID) for \(bobID)"}}]
            """
        #expect(try joined["users"] == json(expected))
        #expect(
            try ann.heard() == [json(#"{"type":"user.added","user":{"id":"\#(bobID)","userInfo":{"name":"Bob"}}}"#)])
    }

    @Test func whatOneSendsReachesTheOthersWithTheirOwnOffer() async throws {
        let (ann, bob, eve) = (try await page(), try await page(), try await page())
        let annID = try ann.join(as: "Ann")
        let bobID = try bob.join(as: "Bob")
        try eve.join("another", as: "Eve")
        _ = ann.heard()
        bob.say(#"{"type":"produce","offer":{"type":"offer","sdp":"o"},"constraints":{"audio":true,"video":false}}"#)
        let started = """
            {"type":"producer","id":"\(bobID)","userInfo":{"name":"Bob"},"constraints":{"audio":true,"video":false},
            "offer":{"type":"offer","sdp":"offer 1 of \(bobID) for \(annID)"}}
            """
        #expect(try ann.heard() == [json(started)])

        bob.say(#"{"type":"produce","constraints":{"audio":false,"video":false}}"#)
        #expect(try bob.heard().last == json(#"{"type":"produced","constraints":{"audio":false,"video":false}}"#))
        let muted = """
            {"type":"producer","id":"\(bobID)","userInfo":{"name":"Bob"},"constraints":{"audio":false,"video":false}}
            """
        #expect(try ann.heard() == [json(muted)])

        bob.say(#"{"type":"unproduce"}"#)
        #expect(ann.heard() == [["type": "producer.stopped", "id": .string(bobID)]])
        #expect(bob.heard() == [])
        #expect(eve.heard() == [])
    }

    @Test func answersAndFreshOffersTakeTheRoutesOfREST() async throws {
        let (ann, bob) = (try await page(), try await page())
        let annID = try ann.join(as: "Ann")
        ann.say(#"{"type":"produce","offer":{"type":"offer","sdp":"o"}}"#)
        let bobID = try bob.join(as: "Bob")
        bob.say(#"{"type":"consume","id":"\#(annID)","answer":{"type":"answer","sdp":"a"}}"#)
        #expect(bob.heard() == [["type": "consumed", "id": .string(annID)]])
        backend.relay.refusals[annID] = [RefusedTrack(mid: "1", codec: "AV1")]
        bob.say(#"{"type":"offer","id":"\#(annID)"}"#)
        let fresh = """
            {"type":"producer","id":"\(annID)","userInfo":{"name":"Ann"},"constraints":{"audio":true,"video":true},
            "offer":{"type":"offer","sdp":"offer 2 of \(annID) for \(bobID)"}}
            """
        #expect(try bob.heard() == [json(fresh)])
        bob.say(#"{"type":"consume","id":"\#(annID)","answer":{"type":"answer","sdp":"a"}}"#)
        #expect(
            try bob.heard() == [
                json(#"{"type":"consumed","id":"\#(annID)","refused":[{"id":"\#(annID)","mid":"1","codec":"AV1"}]}"#)
            ])
        #expect(backend.relay.calls.contains("offer r \(annID)>\(bobID) restart"))
    }

    @Test func pagesAndRESTUsersShareARoom() async throws {
        let ann = try await page()
        let annID = try ann.join(as: "Ann")
        let listener = try await backend.listen("/rooms/r/events")

        try await backend.call(.POST, "/rooms/r/users/2", #"{"userInfo":{"contactId":22}}"#)
        #expect(try ann.heard() == [json(#"{"type":"user.added","user":{"id":"2","userInfo":{"contactId":22}}}"#)])

        let produced = try await backend.produce("2")
        let offer = "offer 1 of 2 for \(annID)"
        #expect(produced.json["outbound"]?.elements.first?["offer"]?["sdp"] == .string(offer))
        #expect(ann.heard().first?["offer"]?["sdp"] == .string(offer))

        ann.say(#"{"type":"produce","offer":{"type":"offer","sdp":"o"}}"#)
        let event = try #require(listener.events.last)
        #expect(event["type"] == "producer.started")
        #expect(event["id"] == .string(annID))
        #expect(event["outbound"]?.elements.first?["offer"]?["sdp"] == .string("offer 1 of \(annID) for 2"))

        _ = ann.heard()
        try await backend.call(.DELETE, "/rooms/r/users/2")
        #expect(ann.heard() == [["type": "producer.stopped", "id": "2"], ["type": "user.deleted", "id": "2"]])
    }

    @Test func aPageThatGoesTakesItsUserWithIt() async throws {
        let (ann, bob) = (try await page(), try await page())
        try ann.join(as: "Ann")
        let bobID = try bob.join(as: "Bob")
        _ = ann.heard()
        bob.hangUp()
        #expect(ann.heard() == [["type": "user.deleted", "id": .string(bobID)]])
        #expect(backend.relay.calls.last == "remove r \(bobID)")
        ann.hangUp()
        #expect(try await backend.call(.GET, "/rooms/r").status == 404)
    }

    @Test func whoLeavesMayJoinAgain() async throws {
        let (ann, bob) = (try await page(), try await page())
        try ann.join(as: "Ann")
        let first = try bob.join(as: "Bob")
        _ = ann.heard()
        bob.say(#"{"type":"leave"}"#)
        #expect(bob.heard() == [])
        #expect(ann.heard() == [["type": "user.deleted", "id": .string(first)]])
        let second = try bob.join("elsewhere", as: "Bob")
        #expect(first != second)
        #expect(try await backend.call(.GET, "/rooms/elsewhere").status == 200)
    }

    @Test func pagesHearWhenABackendRemovesThemOrTheRoom() async throws {
        let (ann, bob) = (try await page(), try await page())
        try ann.join(as: "Ann")
        let bobID = try bob.join(as: "Bob")
        _ = ann.heard()
        try await backend.call(.DELETE, "/rooms/r/users/\(bobID)")
        #expect(bob.heard() == [["type": "user.deleted", "id": .string(bobID)]])
        #expect(ann.heard() == [["type": "user.deleted", "id": .string(bobID)]])
        try await backend.call(.DELETE, "/rooms/r")
        #expect(ann.heard() == [["type": "room.deleted"]])
        #expect(bob.heard() == [])
        ann.hangUp()
        bob.hangUp()
        #expect(backend.service.rooms.count == 0)
    }

    @Test func pagesHearWhatTheRelayReports() async throws {
        let (ann, bob) = (try await page(), try await page())
        let annID = try ann.join(as: "Ann")
        let bobID = try bob.join(as: "Bob")
        _ = ann.heard()
        let (room, one, two) = (RoomID("r"), ParticipantID(annID), ParticipantID(bobID))
        backend.relay.onEvent(.transportState(room: room, participant: one, producer: nil, state: .connected))
        backend.relay.onEvent(.transportState(room: room, participant: one, producer: two, state: .closed))
        backend.relay.onEvent(.activeSpeaker(room: room, participant: two))
        #expect(
            ann.heard() == [
                ["type": "transport", "state": "connected"],
                ["type": "transport", "producer": .string(bobID), "state": "closed"],
                ["type": "speaker", "id": .string(bobID)],
            ])
        #expect(bob.heard() == [["type": "speaker", "id": .string(bobID)]])
        let eve = try await page()
        eve.say(#"{"type":"join","room":"r","name":"Eve"}"#)
        #expect(eve.heard().last == ["type": "speaker", "id": .string(bobID)])
        bob.hangUp()
        #expect(ann.heard().contains(["type": "speaker", "id": nil]))
    }

    @Test func whatAPageWantsAndItsNumbersTakeTheRoutesOfREST() async throws {
        let (ann, bob) = (try await page(), try await page())
        let annID = try ann.join(as: "Ann")
        ann.say(#"{"type":"produce","offer":{"type":"offer","sdp":"o"}}"#)
        let bobID = try bob.join(as: "Bob")
        bob.say(#"{"type":"prefer","id":"\#(annID)","preference":{"width":320,"height":180,"priority":7}}"#)
        let held = """
            {"id":"\(annID)","mid":null,"width":320,"height":180,"layer":null,"paused":false,"priority":7}
            """
        #expect(try bob.heard() == [json(#"{"type":"preferred","preference":\#(held)}"#)])
        let path = "/rooms/r/users/\(bobID)/consume/\(annID)"
        #expect(try await backend.call(.PATCH, path, "{}").json == json(held))

        var consume = TransportStatistics()
        consume.tracks = [TrackStatistics(mid: "0", kind: .video, codec: "VP8")]
        backend.relay.statisticsOf[bobID] = ParticipantStatistics(consume: [(ParticipantID(annID), consume)])
        bob.say(#"{"type":"statistics"}"#)
        let numbers = try #require(bob.heard().first)
        #expect(numbers["type"] == "statistics")
        #expect(try await numbers["consume"] == backend.call(.GET, "/rooms/r/users/\(bobID)").json["consume"])
        #expect(numbers["consume"]?.elements.first?["tracks"]?.elements.count == 1)
    }

    @Test func anOpenSocketKeepsAUser() async throws {
        var limits = RoomLimits()
        limits.idleTimeout = 60
        let backend = Backend(limits)
        let ann = try await Page(Demo(face: backend.face))
        try ann.join(as: "Ann")
        backend.now = 10_000
        backend.service.tick()
        #expect(backend.service.rooms.participantCount == 1)
    }

    @Test(
        arguments: [
            (#"{"#, nil, "body"), (#"[]"#, nil, "body"), (#"{}"#, nil, "body"), (#"{"type":"dance"}"#, "dance", "body"),
            (#"{"type":"produce","offer":{"type":"offer","sdp":"o"}}"#, "produce", "room_id"),
            (#"{"type":"join","room":"r"}"#, "join", "userInfo"), (#"{"type":"join","name":"A"}"#, "join", "room_id"),
            (#"{"type":"join","room":"","name":"A"}"#, "join", "room_id"),
            (#"{"type":"join","room":"r","name":""}"#, "join", "userInfo"),
            (#"{"type":"join","room":"r","name":7}"#, "join", "userInfo"),
            (#"{"type":"join","room":{},"name":"A"}"#, "join", "room_id"),
        ] as [(String, String?, String)])
    func refusesBeforeJoining(text: String, request: String?, field: String) async throws {
        let ann = try await page()
        ann.say(text)
        let heard = ann.heard()
        #expect(heard.count == 1)
        #expect(heard.first?["type"] == "error")
        #expect(heard.first?["request"] == request.map { .string($0) })
        #expect(heard.first?["error"]?[field] != nil, "\(heard)")
        #expect(backend.service.rooms.count == 0)
    }

    @Test(
        arguments: [
            (#"{"type":"produce"}"#, "produce", nil, "body"),
            (#"{"type":"produce","offer":{"type":"answer","sdp":"o"}}"#, "produce", nil, "offer"),
            (#"{"type":"produce","constraints":{"audio":true,"video":true}}"#, "produce", nil, "constraints"),
            (#"{"type":"consume","id":"9","answer":{"type":"answer","sdp":"a"}}"#, "consume", "9", "id"),
            (#"{"type":"consume","id":"9","answer":"a"}"#, "consume", "9", "answer"),
            (#"{"type":"consume","id":{},"answer":{"type":"answer","sdp":"a"}}"#, "consume", nil, "id"),
            (#"{"type":"offer","id":"9"}"#, "offer", "9", "id"), (#"{"type":"offer"}"#, "offer", nil, "id"),
            (#"{"type":"prefer","id":"9","preference":{}}"#, "prefer", "9", "id"),
            (#"{"type":"prefer","preference":{}}"#, "prefer", nil, "id"),
            (#"{"type":"prefer","id":"9"}"#, "prefer", "9", "body"),
            (#"{"type":"prefer","id":"9","preference":{"size":1}}"#, "prefer", "9", "body"),
            (#"{"type":"unproduce"}"#, "unproduce", nil, "user_id"),
            (#"{"type":"join","room":"other","name":"A"}"#, "join", nil, "room_id"),
        ] as [(String, String, String?, String)])
    func refusesWithTheErrorsOfREST(text: String, request: String, id: String?, field: String) async throws {
        let ann = try await page()
        try ann.join(as: "Ann")
        ann.say(text)
        let heard = ann.heard()
        #expect(heard.count == 1)
        #expect(heard.first?["request"] == .string(request))
        #expect(heard.first?["id"] == id.map { .string($0) })
        #expect(heard.first?["error"]?[field] != nil, "\(heard)")
        #expect(backend.service.rooms.participantCount == 1)
    }
}
