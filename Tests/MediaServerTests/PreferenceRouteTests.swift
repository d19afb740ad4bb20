import MediaServer
import RelayControl
import TestSupport
import Testing
import Web

@MainActor @Suite struct PreferenceRouteTests {
    private let path = "/rooms/r/users/2/consume/1"

    /// User 1 produces, and 2 has been offered it.
    private func withAProducer() async throws -> Backend {
        let backend = try await Backend.withTwoUsers()
        try await backend.produce("1")
        backend.relay.forgetCalls()
        return backend
    }

    private func preference(_ backend: Backend, mid: String? = nil) -> VideoPreference? {
        backend.relay.preferences["r 1 for 2"]?[mid]
    }

    private let defaults =
        #"{"id":"1","mid":null,"width":null,"height":null,"layer":null,"paused":false,"priority":5}"#

    @Test func anEmptyObjectShowsWhatHolds() async throws {
        let backend = try await withAProducer()
        let answer = try await backend.call(.PATCH, path, "{}")
        #expect(try answer == Backend.Answer(status: 200, json: json(defaults)))
    }

    @Test func setsWhatIsGivenKeepsTheRestAndAnswersAll() async throws {
        let backend = try await withAProducer()
        let first = try await backend.call(.PATCH, path, #"{"width":640,"height":360,"priority":8}"#)
        #expect(
            try first.json
                == json(
                    #"{"id":"1","mid":null,"width":640,"height":360,"layer":null,"paused":false,"priority":8}"#))
        let second = try await backend.call(.PATCH, path, #"{"height":180,"paused":true}"#)
        #expect(
            try second.json
                == json(#"{"id":"1","mid":null,"width":640,"height":180,"layer":null,"paused":true,"priority":8}"#))
        #expect(preference(backend) == VideoPreference(width: 640, height: 180, isPaused: true, priority: 8))
    }

    @Test func nullTakesAwayWhatWasAskedFor() async throws {
        let backend = try await withAProducer()
        try await backend.call(.PATCH, path, #"{"width":640,"height":360,"priority":8,"paused":true}"#)
        let all = #"{"width":null,"height":null,"layer":null,"paused":null,"priority":null,"mid":null}"#
        #expect(try await backend.call(.PATCH, path, all).json == json(defaults))
        #expect(preference(backend) == VideoPreference())
    }

    @Test(arguments: [
        (#""h""#, LayerLimit(encoding: .rid("h")), #"{"rid":"h","encoding":null,"spatial":null,"temporal":null}"#),
        (
            #"{"rid":"h","temporal":1}"#, LayerLimit(encoding: .rid("h"), temporal: 1),
            #"{"rid":"h","encoding":null,"spatial":null,"temporal":1}"#
        ),
        (
            #"{"encoding":0}"#, LayerLimit(encoding: .rank(0)),
            #"{"rid":null,"encoding":0,"spatial":null,"temporal":null}"#
        ),
        (
            #"{"spatial":2,"temporal":0,"rid":null}"#, LayerLimit(spatial: 2, temporal: 0),
            #"{"rid":null,"encoding":null,"spatial":2,"temporal":0}"#
        ),
    ])
    func takesALayerByNameOrByParts(given: String, limit: LayerLimit, answered: String) async throws {
        let backend = try await withAProducer()
        let answer = try await backend.call(.PATCH, path, #"{"layer":\#(given)}"#)
        #expect(try answer.json["layer"] == json(answered))
        #expect(preference(backend) == VideoPreference(layer: limit))
    }

    @Test func aSizeAndALayerTakeEachOthersPlace() async throws {
        let backend = try await withAProducer()
        try await backend.call(.PATCH, path, #"{"width":640,"height":360}"#)
        try await backend.call(.PATCH, path, #"{"layer":"q"}"#)
        #expect(preference(backend) == VideoPreference(layer: LayerLimit(encoding: .rid("q"))))
        try await backend.call(.PATCH, path, #"{"width":null,"priority":2}"#)
        #expect(preference(backend)?.layer != nil)
        try await backend.call(.PATCH, path, #"{"height":180}"#)
        #expect(preference(backend) == VideoPreference(height: 180, priority: 2))
    }

    @Test func oneVideoOfSeveralIsNamedByItsMid() async throws {
        let backend = try await withAProducer()
        backend.relay.videos = ["1", "2"]
        let answer = try await backend.call(.PATCH, path, #"{"mid":"2","width":320}"#)
        #expect(
            try answer.json
                == json(#"{"id":"1","mid":"2","width":320,"height":null,"layer":null,"paused":false,"priority":5}"#))
        #expect(preference(backend, mid: "2") == VideoPreference(width: 320, mid: "2"))
        let missing = try await backend.call(.PATCH, path, #"{"mid":"0","width":320}"#)
        #expect(
            missing == Backend.Answer(status: 404, json: ["error": ["mid": "there is no video with mid \"0\""]]))
    }

    @Test(arguments: [
        ("", "body"), ("[]", "body"), ("1", "body"), ("{", "body"), (#"{"wdith":1}"#, "body"),
        (#"{"paused":true,"id":"1"}"#, "body"),
        (#"{"width":0}"#, "width"), (#"{"width":-1}"#, "width"), (#"{"width":16385}"#, "width"),
        (#"{"width":1.5}"#, "width"), (#"{"width":"640"}"#, "width"), (#"{"width":1e30}"#, "width"),
        (#"{"width":18446744073709551615}"#, "width"), (#"{"width":true}"#, "width"), (#"{"width":[1]}"#, "width"),
        (#"{"width":640,"height":0}"#, "height"),
        (#"{"priority":0}"#, "priority"), (#"{"priority":11}"#, "priority"), (#"{"priority":"high"}"#, "priority"),
        (#"{"paused":1}"#, "paused"), (#"{"paused":"true"}"#, "paused"), (#"{"paused":{}}"#, "paused"),
        (#"{"mid":1}"#, "mid"), (#"{"layer":1}"#, "layer"), (#"{"layer":[]}"#, "layer"), (#"{"layer":{}}"#, "layer"),
        (#"{"layer":""}"#, "layer"), (#"{"layer":{"rid":null}}"#, "layer"), (#"{"layer":{"rid":1}}"#, "layer"),
        (#"{"layer":{"rid":"h","encoding":1}}"#, "layer"), (#"{"layer":{"encoding":-1}}"#, "layer"),
        (#"{"layer":{"encoding":16}}"#, "layer"), (#"{"layer":{"spatial":"1"}}"#, "layer"),
        (#"{"layer":{"temporal":1.5}}"#, "layer"), (#"{"layer":{"quality":1}}"#, "layer"),
        (#"{"layer":"h","width":640}"#, "layer"), (#"{"layer":"h","height":360}"#, "layer"),
    ])
    func refusesBadBodiesNamingTheFieldAndChangesNothing(body: String, field: String) async throws {
        let backend = try await withAProducer()
        try await backend.call(.PATCH, path, #"{"width":640}"#)
        let answer = try await backend.call(.PATCH, path, body)
        #expect(answer.status == 400)
        guard case .string = answer.json["error"]?[field] else {
            Issue.record("\(answer)")
            return
        }
        #expect(preference(backend) == VideoPreference(width: 640))
    }

    @Test func saysWhichFieldItDoesNotKnow() async throws {
        let answer = try await withAProducer().call(.PATCH, path, #"{"wdith":1}"#)
        #expect(
            answer.json["error"]?["body"]
                == "unknown field \"wdith\"; known are width, height, layer, paused, priority, mid")
    }

    @Test func refusesWhatIsNotThere() async throws {
        let backend = try await withAProducer()
        func field(_ path: String) async throws -> [String] {
            let answer = try await backend.call(.PATCH, path, "{}")
            #expect(answer.status == 404)
            return answer.json["error"]?.members.keys.sorted() ?? []
        }
        #expect(try await field("/rooms/x/users/2/consume/1") == ["room_id"])
        #expect(try await field("/rooms/r/users/9/consume/1") == ["user_id"])
        #expect(try await field("/rooms/r/users/2/consume/9") == ["id"])
        #expect(try await field("/rooms/r/users/1/consume/2") == ["id"])
        // Nobody is offered what is their own.
        #expect(try await field("/rooms/r/users/1/consume/1") == ["id"])
        #expect(backend.relay.preferences.isEmpty)
    }

    // MARK: What is shown

    private func statistics() -> ParticipantStatistics {
        var sent = TrackStatistics(mid: "1", kind: .video, codec: "VP8")
        sent.bitrate = 1_500_000
        sent.layers = [
            LayerReport(rid: "q", bitrate: 150_000),
            LayerReport(
                rid: "f", encoding: 2, temporal: 1, width: 1280, height: 720, framesPerSecond: 29.96,
                bitrate: 1_350_000),
        ]
        var produce = TransportStatistics()
        produce.tracks = [TrackStatistics(mid: "0", kind: .audio, codec: "opus"), sent]
        var received = TrackStatistics(mid: "0", kind: .video, codec: "VP8")
        received.packets = 10
        received.lost = 1
        received.retransmissions = 2
        received.roundTripMilliseconds = 20.1234
        received.jitterMilliseconds = 1.5
        received.keyframesRequested = 3
        received.layer = sent.layers[0]
        received.target = sent.layers[1]
        received.isHeldBack = true
        received.packetsHeldBack = 4
        received.freezesAvoided = 5
        received.layerChanges = 6
        var consume = TransportStatistics()
        consume.estimate = 800_000
        consume.tracks = [received]
        return ParticipantStatistics(produce: produce, consume: [(ParticipantID("7"), consume)])
    }

    private let video = """
        {"mid":"1","kind":"video","codec":"VP8","bitrate":1500000,"packets":0,"lost":0,"retransmissions":0,
        "jitter_ms":null,"rtt_ms":null,"keyframes_requested":0,"layers":[
        {"rid":"q","encoding":0,"spatial":0,"temporal":0,"width":null,"height":null,"fps":null,"bitrate":150000},
        {"rid":"f","encoding":2,"spatial":0,"temporal":1,"width":1280,"height":720,"fps":30.0,"bitrate":1350000}]}
        """
    private let audio = """
        {"mid":"0","kind":"audio","codec":"opus","bitrate":0,"packets":0,"lost":0,"retransmissions":0,"rtt_ms":null,
        "jitter_ms":null}
        """

    @Test func aProducersTracksShowTheirLayers() async throws {
        let backend = try await Backend.withTwoUsers()
        backend.relay.statisticsOf["1"] = statistics()
        let user = try await backend.call(.GET, "/rooms/r/users/1").json
        #expect(try user["produce"]?["tracks"] == json("[\(audio),\(video)]"))
        #expect(user["produce"]?.members["estimate"] == nil)
    }

    @Test func aConsumersTracksShowWhatIsSentAndWhatIsToBe() async throws {
        let backend = try await Backend.withTwoUsers()
        backend.relay.statisticsOf["1"] = statistics()
        let row = try #require(try await backend.call(.GET, "/rooms/r/users/1").json["consume"]?.elements.first)
        #expect(row["id"] == "7")
        #expect(row["estimate"] == 800_000)
        let expected = """
            {"mid":"0","kind":"video","codec":"VP8","bitrate":0,"packets":10,"lost":1,"retransmissions":2,
            "rtt_ms":20.12,"jitter_ms":1.5,"keyframes_requested":3,"paused":false,"held_back":true,
            "packets_held_back":4,"freezes_avoided":5,"layer_changes":6,
            "layer":{"rid":"q","encoding":0,"spatial":0,"temporal":0,"width":null,"height":null,"fps":null,
            "bitrate":150000},
            "target":{"rid":"f","encoding":2,"spatial":0,"temporal":1,"width":1280,"height":720,"fps":30.0,
            "bitrate":1350000}}
            """
        #expect(try row["tracks"] == json("[\(expected)]"))
    }

    @Test func aRoomShowsConnectionsWithoutTheirTracks() async throws {
        let backend = try await Backend.withTwoUsers()
        backend.relay.statisticsOf["1"] = statistics()
        let users = try #require(try await backend.call(.GET, "/rooms/r").json["users"]).elements
        #expect(users.first?["consume"]?.elements.first?["estimate"] == 800_000)
        #expect(users.first?["consume"]?.elements.first?.members["tracks"] == nil)
        #expect(users.first?["produce"]?.members["tracks"] == nil)
    }

    @Test func whatHasNotBeenMeasuredIsNull() async throws {
        let backend = try await Backend.withTwoUsers()
        var consume = TransportStatistics()
        consume.tracks = [TrackStatistics(mid: "0", kind: .video, codec: "VP8")]
        backend.relay.statisticsOf["1"] = ParticipantStatistics(consume: [(ParticipantID("7"), consume)])
        let row = try #require(try await backend.call(.GET, "/rooms/r/users/1").json["consume"]?.elements.first)
        #expect(row["estimate"] == .null)
        let track = try #require(row["tracks"]?.elements.first)
        for name in ["layer", "target", "rtt_ms", "jitter_ms"] { #expect(track[name] == .null, "\(name)") }
    }
}
