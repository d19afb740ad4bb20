import RelayControl
import RoomControl
import RoomModel
import TestSupport
import Testing
import Web

/// Who hears what of what members do: `anna` is an admin, `ben` and `cleo` are members, `vera` waits.
@MainActor @Suite struct ModerationTests {
    @Test(arguments: [
        ("raise_hand", "{}", #"member_raise_hand {"member":"ben"}"#),
        ("start_screen_share", "{}", #"member_start_screen_share {"member":"ben"}"#),
        (
            "send_reaction", #"{"reaction":"thumbs_up"}"#,
            #"member_send_reaction {"member":"ben","reaction":"thumbs_up"}"#
        ),
        ("mute_audio", "{}", #"member_mute_audio {"by_admin":false,"member":"ben"}"#),
        ("mute_video", "{}", #"member_mute_video {"by_admin":false,"member":"ben"}"#),
    ])
    func theOthersHearWhatAMemberDoes(method: String, parameters: String, text: String) async throws {
        let (stage, _, ben, _, _) = try await Stage.full()
        ben.tell(method, parameters)
        #expect(stage.heard() == ["anna": [text], "cleo": [text]])
        #expect(ben.ask(method, parameters)["result"] == [:])
    }

    @Test(arguments: [
        ("raise_hand", "unraise_hand", #"member_unraise_hand {"member":"ben"}"#),
        ("start_screen_share", "stop_screen_share", #"member_stop_screen_share {"member":"ben"}"#),
        ("mute_audio", "unmute_audio", #"member_unmute_audio {"by_admin":false,"member":"ben"}"#),
        ("mute_video", "unmute_video", #"member_unmute_video {"by_admin":false,"member":"ben"}"#),
    ])
    func theOthersHearWhatAMemberUndoes(method: String, undo: String, text: String) async throws {
        let (stage, _, ben, _, _) = try await Stage.full()
        ben.tell(undo)
        #expect(stage.heard() == [:])
        ben.tell(method)
        ben.tell(method)
        #expect(stage.heard()["anna"]?.count == 1)
        ben.tell(undo)
        #expect(stage.heard() == ["anna": [text], "cleo": [text]])
    }

    @Test(arguments: ["audio", "video"])
    func everybodyHearsOfAnAdminsMute(kind: String) async throws {
        let (stage, anna, ben, _, _) = try await Stage.full()
        #expect(anna.ask("mute_member_\(kind)", #"{"member":"ben"}"#)["result"] == [:])
        let muted = #"member_mute_\#(kind) {"by_admin":true,"member":"ben"}"#
        #expect(stage.heard() == ["anna": [muted], "ben": [muted], "cleo": [muted]])
        #expect(ben.refusal("unmute_\(kind)") == 403)
        #expect(stage.heard() == [:])
        anna.tell("unmute_member_\(kind)", #"{"member":"ben"}"#)
        let unmuted = #"member_unmute_\#(kind) {"by_admin":true,"member":"ben"}"#
        #expect(stage.heard() == ["anna": [unmuted], "ben": [unmuted], "cleo": [unmuted]])
    }

    @Test func whatIsMutedIsNotForwarded() async throws {
        let (stage, anna, ben, _, _) = try await Stage.full()
        func forwarded() -> TrackSelection? { stage.relay.selections["r ben"] }
        #expect(forwarded() == .all)
        ben.ask("mute_audio")
        #expect(forwarded() == TrackSelection(audio: false, video: true))
        anna.ask("mute_member_audio", #"{"member":"ben"}"#)
        anna.ask("mute_member_video", #"{"member":"ben"}"#)
        #expect(forwarded() == TrackSelection.none)
        ben.ask("unmute_audio")
        ben.ask("join_room", #"{"sdp":"another offer","audio_muted":false,"video_muted":false}"#)
        #expect(forwarded() == TrackSelection.none)
        anna.ask("unmute_member_video", #"{"member":"ben"}"#)
        #expect(forwarded() == TrackSelection(audio: false, video: true))
        anna.ask("unmute_member_audio", #"{"member":"ben"}"#)
        // Nobody is heard who does not want to be.
        #expect(forwarded() == TrackSelection(audio: false, video: true))
        ben.ask("unmute_audio")
        #expect(forwarded() == .all)
    }

    @Test func theRemovedOneAndEverybodyElseHearOfIt() async throws {
        let (stage, anna, ben, _, _) = try await Stage.full()
        #expect(anna.ask("remove_member", #"{"member":"ben"}"#)["result"] == [:])
        let text = #"member_leave_room {"by_admin":true,"member":"ben"}"#
        #expect(stage.heard() == ["anna": [text], "ben": [text], "cleo": [text]])
        #expect(stage.relay.calls.last == "remove r ben")
        #expect(ben.refusal("raise_hand") == 400)
        #expect(ben.refusal("join_room", #"{"sdp":"o","auth_token":"\#(ben.token)"}"#) == 401)
        #expect(ben.refusal("watch_room", #"{"auth_token":"\#(ben.token)"}"#) == 401)
        // An invited one may ask again, and gets another token.
        let answer = ben.ask("authenticate", #"{"room":"r","call_id":"ben","username":"ben","password":"ben"}"#)
        let token = try #require(answer["result"]?["auth_token"]?.text)
        #expect(ben.refusal("join_room", #"{"sdp":"o","auth_token":"\#(ben.token)"}"#) == 401)
        #expect(ben.refusal("join_room", #"{"sdp":"o","auth_token":"\#(token)"}"#) == 0)
    }

    @Test(arguments: [
        "remove_member", "mute_member_audio", "unmute_member_audio", "mute_member_video", "unmute_member_video",
    ])
    func onlyAdminsModerateAndOnlyMembers(method: String) async throws {
        let (stage, anna, ben, _, vera) = try await Stage.full()
        #expect(ben.refusal(method, #"{"member":"cleo"}"#) == 403)
        #expect(vera.refusal(method, #"{"member":"cleo"}"#) == 400)
        #expect(try await stage.client("x").refusal(method, #"{"member":"cleo"}"#) == 400)
        #expect(anna.refusal(method, #"{"member":"vera"}"#) == 404)
        #expect(anna.refusal(method, #"{"member":"nobody"}"#) == 404)
        #expect(anna.refusal(method) == 400)
        #expect(stage.heard() == [:])
    }

    @Test(arguments: [
        "raise_hand", "unraise_hand", "start_screen_share", "stop_screen_share", "mute_audio", "unmute_audio",
        "mute_video", "unmute_video",
    ])
    func onlyMembersDoWhatMembersDo(method: String) async throws {
        let (stage, _, _, _, vera) = try await Stage.full()
        #expect(vera.refusal(method) == 400)
        #expect(try await stage.client("x").refusal(method) == 400)
        let will = try await stage.authenticated("anna", call: "will")
        #expect(will.refusal(method) == 400)
        #expect(stage.heard() == [:])
    }

    @Test(arguments: [
        #"{}"#, #"{"reaction":""}"#, #"{"reaction":7}"#, #"{"reaction":"\#(String(repeating: "x", count: 65))"}"#,
    ])
    func reactionsAreShort(parameters: String) async throws {
        let (stage, _, ben, _, _) = try await Stage.full()
        #expect(ben.refusal("send_reaction", parameters) == 400)
        #expect(stage.heard() == [:])
    }

    @Test func whoIsNoAdminAnyMoreIsNoneAtOnce() async throws {
        let (stage, anna, ben, _, _) = try await Stage.full()
        let answer = try await stage.call(
            .PUT, "/v1/rooms/r", #"{"room":{"name":"r","members":[{"user_id":"u-ben","admin":true}]}}"#)
        #expect(answer.status == 200)
        #expect(anna.refusal("remove_member", #"{"member":"ben"}"#) == 403)
        #expect(ben.ask("mute_member_audio", #"{"member":"anna"}"#)["result"] == [:])
    }
}
