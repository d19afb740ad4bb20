import RelayControl
import RoomControl
import RoomModel
import TestSupport
import Testing
import Web

@MainActor @Suite struct JoiningTests {
    private static func member(_ id: String, _ name: String, _ fields: String = "") -> String {
        var all: [String: JSONValue] = [
            "id": .string(id), "user": .string("u-\(id)"), "name": .string(name), "is_admin": false,
            "hand_raised": false,
            "screen_share": false, "audio_muted": false, "video_muted": false, "audio_muted_by_admin": false,
            "video_muted_by_admin": false, "is_sip": false,
        ]
        for field in fields.split(separator: " ") { all[String(field)] = true }
        return JSONValue.object(all).json
    }

    @Test func whoJoinsIsAnsweredWithEverybodyAndTheOthersHearOfIt() async throws {
        let stage = try await Stage.furnished()
        let anna = try await stage.authenticated("anna")
        let one = anna.ask("join_room", #"{"sdp":"o1","auth_token":"\#(anna.token)","audio_muted":false}"#)
        let annaItem = Self.member("anna", "Anna", "is_admin")
        #expect(
            one["result"]?.json
                == #"{"call_id":"anna","is_admin":true,"members":[\#(annaItem)],"sdp":"answer to o1"}"#)
        let ben = try await stage.authenticated("ben")
        let two = ben.ask("join_room", #"{"sdp":"o2","audio_muted":true,"video_muted":true}"#)
        let benItem = Self.member("ben", "Ben", "audio_muted video_muted")
        #expect(
            two["result"]?.json
                == #"{"call_id":"ben","is_admin":false,"members":[\#(annaItem),\#(benItem)],"sdp":"answer to o2"}"#)
        #expect(stage.heard() == ["anna": ["member_join_room \(benItem)"]])
        #expect(ben.ask("get_room_members")["result"]?.json == "[\(annaItem),\(benItem)]")
        #expect(
            try await stage.call(.GET, "/v1/rooms/r/members").json.json == #"{"members":[\#(annaItem),\#(benItem)]}"#)
        #expect(stage.relay.selections["r ben"] == TrackSelection.none)
        ben.ask("unmute_audio")
        #expect(stage.relay.selections["r ben"] == TrackSelection(audio: true, video: false))
        // Nobody is made offers: each asks for what it wants to see.
        #expect(!stage.relay.calls.contains { $0.hasPrefix("offer") })
    }

    @Test func whoIsRefusedHasNeverBeenThere() async throws {
        let stage = try await Stage.furnished()
        let anna = try await stage.joined("anna")
        let ben = try await stage.authenticated("ben")
        stage.relay.produceFailure = .unusableDescription("no fingerprint")
        let answer = ben.ask("join_room", #"{"sdp":"o","auth_token":"\#(ben.token)"}"#)
        #expect(answer["error"]?["code"] == 400)
        #expect(answer["error"]?["message"] == "sdp: no fingerprint")
        #expect(stage.heard() == [:])
        #expect(anna.ask("get_room_members")["result"]?.elements.count == 1)
        stage.relay.produceFailure = nil
        #expect(ben.refusal("join_room", #"{"sdp":"","auth_token":"\#(ben.token)"}"#) == 400)
        #expect(ben.refusal("join_room", #"{"auth_token":"\#(ben.token)"}"#) == 400)
        #expect(ben.refusal("join_room", #"{"sdp":"o","auth_token":"\#(ben.token)"}"#) == 0)
    }

    @Test func aTokenCountsInItsRoomAndForItsCallOnly() async throws {
        let stage = try await Stage.furnished()
        try await stage.room("q")
        let ben = try await stage.authenticated("ben")
        let anna = try await stage.authenticated("anna", in: "q")
        // The last character has bits that do not count.
        let last = ben.token.last == "w" ? "g" : "w"
        for token in ["x", String(ben.token.dropLast()) + last, ben.token + "A", anna.token] {
            #expect(ben.refusal("join_room", #"{"sdp":"o","auth_token":"\#(token)"}"#) == 401)
        }
        #expect(ben.refusal("get_room_members", #"{"auth_token":"\#(anna.token)"}"#) == 401)
        let other = try await stage.client("x")
        // Whose call has a socket is not to be had by another.
        #expect(other.refusal("join_room", #"{"sdp":"o","auth_token":"\#(ben.token)"}"#) == 409)
        #expect(other.refusal("watch_room", #"{"auth_token":"\#(ben.token)"}"#) == 409)
        // But it may be gone, and nobody has noticed yet.
        #expect(ben.probes == 2)
        ben.hangUp()
        #expect(other.refusal("join_room", #"{"sdp":"o","auth_token":"\#(ben.token)"}"#) == 0)
    }

    @Test func anotherCallOfTheSameIDIsAnotherCall() async throws {
        let stage = try await Stage.furnished()
        let ben = try await stage.authenticated("ben", call: "c")
        ben.hangUp()
        let anna = try await stage.authenticated("anna", call: "c")
        let other = try await stage.client("x")
        #expect(other.refusal("remove_member", #"{"member":"x","auth_token":"\#(ben.token)"}"#) == 409)
        #expect(other.refusal("join_room", #"{"sdp":"o","auth_token":"\#(ben.token)"}"#) == 409)
        _ = anna
    }

    @Test func tokensExpire() async throws {
        let stage = try await Stage.furnished()
        let ben = try await stage.authenticated("ben")
        stage.now += 12 * 3600 - 1
        #expect(ben.refusal("get_room_members", #"{"auth_token":"\#(ben.token)"}"#) == 0)
        stage.now += 1.1
        #expect(ben.refusal("get_room_members", #"{"auth_token":"\#(ben.token)"}"#) == 401)
        #expect(ben.refusal("join_room", #"{"sdp":"o","auth_token":"\#(ben.token)"}"#) == 401)
    }

    @Test func tokensOfAnotherProcessAreNone() async throws {
        let (one, two) = (try await Stage.furnished(), try await Stage.furnished())
        let ben = try await one.authenticated("ben")
        let other = try await two.client("ben")
        #expect(other.refusal("join_room", #"{"sdp":"o","auth_token":"\#(ben.token)"}"#) == 401)
    }

    @Test func whoIsNotInHasToAskFirst() async throws {
        let stage = try await Stage.furnished()
        let client = try await stage.client("x")
        for (method, parameters) in [
            ("join_room", #"{"sdp":"o"}"#), ("get_room_members", "{}"), ("watch_room", "{}"), ("leave_room", "{}"),
            ("subscribe_room", #"{"sdp":"o","members":[]}"#),
        ] {
            #expect(client.refusal(method, parameters) == 400, "\(method)")
        }
        let ben = try await stage.authenticated("ben")
        #expect(ben.refusal("subscribe_room", #"{"sdp":"o","members":[]}"#) == 400)
    }

    @Test func theOthersHearWhoLeaves() async throws {
        let (stage, _, ben, _, _) = try await Stage.full()
        #expect(ben.ask("leave_room")["result"] == [:])
        let text = #"member_leave_room {"by_admin":false,"member":"ben"}"#
        #expect(stage.heard() == ["anna": [text], "cleo": [text]])
        #expect(ben.refusal("leave_room") == 400)
        #expect(stage.relay.calls.last == "remove r ben")
        // Its token is still good.
        #expect(ben.refusal("join_room", #"{"sdp":"o","auth_token":"\#(ben.token)"}"#) == 0)
    }

    @Test func aFullRoomTakesNobody() async throws {
        let stage = try await Stage.furnished(limits: RoomLimits(maximumParticipants: 1))
        _ = try await stage.joined("anna")
        let ben = try await stage.authenticated("ben")
        #expect(ben.refusal("join_room", #"{"sdp":"o"}"#) == 403)
    }

    // MARK: Coming back

    @Test func aMemberComesBackByItsTokenAndItsMediaGoesOn() async throws {
        let (stage, anna, ben, _, _) = try await Stage.full()
        ben.ask("raise_hand")
        anna.ask("mute_member_audio", #"{"member":"ben"}"#)
        ben.hangUp()
        stage.pass(9)
        _ = stage.heard()
        stage.relay.forgetCalls()
        let back = try await stage.client("ben again")
        #expect(back.ask("watch_room", #"{"auth_token":"\#(ben.token)"}"#)["result"] == ["room_id": "r"])
        stage.pass(20)
        #expect(stage.heard() == [:])
        #expect(stage.relay.calls.isEmpty)
        let row = back.ask("get_room_members")["result"]?.elements.first { $0["id"] == "ben" }
        #expect(row?["hand_raised"] == true)
        #expect(row?["audio_muted_by_admin"] == true)
        back.tell("unraise_hand")
        #expect(stage.heard().keys.sorted() == ["anna", "cleo"])
        #expect(back.refusal("unmute_audio") == 403)
    }

    @Test func aMemberComesBackWithANewConnection() async throws {
        let (stage, _, ben, _, _) = try await Stage.full()
        ben.ask("raise_hand")
        ben.hangUp()
        _ = stage.heard()
        let back = try await stage.client("ben again")
        let answer = back.ask("join_room", #"{"sdp":"new","auth_token":"\#(ben.token)","video_muted":true}"#)
        #expect(answer["result"]?["sdp"] == "answer to new")
        #expect(answer["result"]?["members"]?.elements.first { $0["id"] == "ben" }?["hand_raised"] == true)
        // It has never been away.
        let text = #"member_mute_video {"by_admin":false,"member":"ben"}"#
        #expect(stage.heard() == ["anna": [text], "cleo": [text]])
        stage.pass(20)
        #expect(back.ask("get_room_members")["result"]?.elements.count == 3)
    }

    @Test func whoDoesNotComeBackHasLeftAfterTenSeconds() async throws {
        let (stage, _, ben, _, _) = try await Stage.full()
        ben.hangUp()
        stage.pass(9)
        #expect(stage.heard() == [:])
        // Meanwhile nobody else is called so.
        let other = try await stage.client("x")
        #expect(
            other.refusal("authenticate", #"{"room":"r","call_id":"ben","username":"ben","password":"ben"}"#) == 409)
        stage.pass(2)
        let text = #"member_leave_room {"by_admin":false,"member":"ben"}"#
        #expect(stage.heard() == ["anna": [text], "cleo": [text]])
        #expect(other.refusal("watch_room", #"{"auth_token":"\#(ben.token)"}"#) == 0)
        #expect(other.refusal("join_room", #"{"sdp":"o","auth_token":"\#(ben.token)"}"#) == 0)
    }

    @Test func aMemberWhoseMediaStopsLeaves() async throws {
        let (stage, _, _, _, _) = try await Stage.full()
        func connection(_ state: TransportState) {
            stage.relay.onEvent(
                .transportState(room: RoomID("r"), participant: ParticipantID("ben"), producer: nil, state: state))
        }
        connection(.connected)
        connection(.disconnected)
        stage.pass(2)
        connection(.connected)
        stage.pass(20)
        #expect(stage.heard() == [:])
        // The relay has waited for seven seconds before it says so.
        connection(.disconnected)
        stage.pass(2)
        #expect(stage.heard() == [:])
        stage.pass(1)
        let text = #"member_leave_room {"by_admin":false,"member":"ben"}"#
        #expect(stage.heard() == ["anna": [text], "ben": [text], "cleo": [text]])
    }

    // MARK: Watching

    @Test func whoWatchesHearsAndIsNotThere() async throws {
        let (stage, anna, _, _, _) = try await Stage.full()
        let will = try await stage.authenticated("ben", call: "will")
        #expect(will.ask("watch_room", #"{"auth_token":"\#(will.token)"}"#)["result"] == ["room_id": "r"])
        anna.tell("raise_hand")
        #expect(stage.heard().values.map(\.count) == [1, 1])
        #expect(stage.clients.last?.messages.last?["method"] == "member_raise_hand")
        #expect(anna.ask("get_room_members")["result"]?.elements.count == 3)
        #expect(will.refusal("raise_hand") == 400)
        #expect(will.ask("leave_room")["result"] == [:])
        anna.tell("unraise_hand")
        #expect(will.heard() == [])
    }

    // MARK: Seeing

    @Test func whatIsAskedForIsSubscribedTo() async throws {
        let (stage, _, ben, _, _) = try await Stage.full()
        let answer = ben.ask(
            "subscribe_room",
            """
            {"sdp":"s","auth_token":"\(ben.token)","members":[{"id":"anna","video_mid":"0","width":640,"height":320},
            {"id":"cleo","video_mid":1,"width":320.4},{"id":"ben","video_mid":"2","width":0,"height":0}]}
            """)
        #expect(answer["result"] == ["sdp": "answer to s"])
        #expect(
            stage.relay.subscribed["r ben"] == [
                WantedVideo(
                    mid: "0", producer: ParticipantID("anna"), preference: VideoPreference(width: 640, height: 320)),
                WantedVideo(mid: "1", producer: ParticipantID("cleo"), preference: VideoPreference(width: 321)),
                WantedVideo(mid: "2", producer: ParticipantID("ben"), preference: VideoPreference(isPaused: true)),
            ])
        #expect(ben.ask("subscribe_room", #"{"sdp":"s2","members":[]}"#)["result"] == ["sdp": "answer to s2"])
        #expect(stage.relay.subscribed["r ben"] == [])
    }

    @Test(arguments: [
        (#"{"members":[]}"#, 400), (#"{"sdp":"","members":[]}"#, 400), (#"{"sdp":"s"}"#, 400),
        (#"{"sdp":"s","members":[{"id":"anna"}]}"#, 400),
        (#"{"sdp":"s","members":[{"id":"nobody","video_mid":"0"}]}"#, 404),
        (#"{"sdp":"s","members":[{"id":"vera","video_mid":"0"}]}"#, 404),
        (#"{"sdp":"s","members":[{"id":"anna","video_mid":"0","width":-1}]}"#, 400),
        (#"{"sdp":"s","members":[{"id":"anna","video_mid":"0","width":1e300}]}"#, 400),
        (#"{"sdp":"s","members":[{"id":"anna","video_mid":"0"},{"id":"cleo","video_mid":"0"}]}"#, 400),
        (#"{"sdp":"s","members":[],"auth_token":"x"}"#, 401),
    ])
    func whatCannotBeSubscribedToIsRefused(parameters: String, code: Int) async throws {
        let (stage, _, ben, _, _) = try await Stage.full()
        #expect(ben.refusal("subscribe_room", parameters) == code)
        #expect(stage.relay.subscribed["r ben"] == nil)
    }

    @Test func theRelaysRefusalsAreToldAsTheyAre() async throws {
        let (stage, _, ben, _, _) = try await Stage.full()
        stage.relay.subscribeFailure = .unusableLine(mid: "7", reason: "there is none")
        let answer = ben.ask("subscribe_room", #"{"sdp":"s","members":[{"id":"anna","video_mid":"7"}]}"#)
        #expect(answer["error"]?["code"] == 400)
        #expect(answer["error"]?["message"] == #"members: video_mid "7": there is none"#)
        stage.relay.subscribeFailure = .limit(name: "media.max-transports", value: 3)
        #expect(ben.refusal("subscribe_room", #"{"sdp":"s","members":[]}"#) == 503)
    }

    @Test func whoSeesPicturesHearsWhatItsNetworkBears() async throws {
        let (stage, _, ben, _, _) = try await Stage.full()
        func bears(_ rate: UInt64?) {
            var row = TransportStatistics()
            row.estimate = rate
            stage.relay.statisticsOf["ben"] = ParticipantStatistics(consume: [(ParticipantID("anna"), row)])
            stage.pass(1)
        }
        bears(1_000_000)
        #expect(stage.heard() == [:])
        ben.ask("subscribe_room", #"{"sdp":"s","members":[{"id":"anna","video_mid":"0"}]}"#)
        bears(nil)
        #expect(stage.heard() == [:])
        bears(1_000_000)
        #expect(stage.heard() == ["ben": [#"member_available_rate {"rate":1000000}"#]])
        bears(1_099_999)
        #expect(stage.heard() == [:])
        bears(900_000)
        #expect(stage.heard() == ["ben": [#"member_available_rate {"rate":900000}"#]])
    }

    // MARK: Speaking, and other faces

    @Test func everybodyHearsWhoSpeaks() async throws {
        let (stage, _, _, _, _) = try await Stage.full()
        stage.relay.onEvent(.activeSpeaker(room: RoomID("r"), participant: ParticipantID("ben")))
        stage.relay.onEvent(.activeSpeaker(room: RoomID("r"), participant: nil))
        let texts = [#"room_active_speaker {"member":"ben"}"#, "room_clear_active_speaker {}"]
        #expect(stage.heard() == ["anna": texts, "ben": texts, "cleo": texts])
    }

    @Test func everybodyHearsHowLoudTheOthersAre() async throws {
        let (stage, _, ben, _, _) = try await Stage.full()
        func speaks(_ level: Int?) {
            var track = TrackStatistics(mid: "0", kind: .audio, codec: "opus")
            track.audioLevel = level
            var row = TransportStatistics()
            row.tracks = [track]
            stage.relay.statisticsOf["ben"] = ParticipantStatistics(produce: row)
            stage.pass(1)
        }
        func told(_ level: Int) -> [String: [String]] {
            let text = #"member_audio_level {"audio_level":\#(level),"member":"ben"}"#
            return ["anna": [text], "ben": [text], "cleo": [text]]
        }
        speaks(nil)
        speaks(-90)
        #expect(stage.heard() == [:])
        speaks(-30)
        #expect(stage.heard() == told(-30))
        speaks(-30)
        #expect(stage.heard() == [:])
        speaks(-20)
        #expect(stage.heard() == told(-20))
        speaks(-90)
        #expect(stage.heard() == told(-127))
        speaks(-90)
        #expect(stage.heard() == [:])
        // Nobody hears it.
        speaks(-20)
        ben.tell("mute_audio")
        _ = stage.heard()
        speaks(-20)
        #expect(stage.heard() == told(-127))
    }

    @Test func membersOfOtherFacesComeAndGoAsMembers() async throws {
        let stage = try await Stage.furnished()
        let anna = try await stage.joined("anna")
        let room = RoomID("r")
        let user = Participant(id: ParticipantID("7"))
        _ = try stage.service.addUser(user, to: room)
        #expect(anna.heard().first?.hasPrefix("member_join_room {") == true)
        _ = try stage.service.produce(user.id, in: room, offer: "o", wanted: .all)
        #expect(
            anna.heard() == [
                #"member_unmute_audio {"by_admin":false,"member":"7"}"#,
                #"member_unmute_video {"by_admin":false,"member":"7"}"#,
            ])
        _ = try stage.service.select(TrackSelection(audio: false, video: true), of: user.id, in: room)
        #expect(anna.heard() == [#"member_mute_audio {"by_admin":false,"member":"7"}"#])
        #expect(anna.ask("mute_member_video", #"{"member":"7"}"#)["result"] == [:])
        #expect(anna.heard() == [#"member_mute_video {"by_admin":true,"member":"7"}"#])
        #expect(stage.relay.selections["r 7"] == TrackSelection.none)
        #expect(anna.ask("remove_member", #"{"member":"7"}"#)["result"] == [:])
        #expect(anna.heard().last == #"member_leave_room {"by_admin":true,"member":"7"}"#)
    }
}
