import RelayControl
import RoomModel
import Testing
import Web

/// Who hears what of those who wait: `anna` is an admin, `ben` and `cleo` are members, `vera` waits.
@MainActor @Suite struct WaitingRoomTests {
    @Test func everyMemberHearsOfWhoeverWaits() async throws {
        let (stage, _, _, _, _) = try await Stage.full()
        _ = try await stage.waiting("will")
        let text = #"member_waiting {"member":"will","name":"will W."}"#
        #expect(stage.heard() == ["anna": [text], "ben": [text], "cleo": [text]])
    }

    @Test func aUserWhoIsNotInvitedIsNamed() async throws {
        let stage = try await Stage.furnished()
        _ = try await stage.joined("anna")
        let cleo = try await stage.client("cleo")
        #expect(cleo.refusal("authenticate", #"{"room":"r","call_id":"c","username":"cleo","password":"cleo"}"#) == 403)
        #expect(stage.heard()["anna"] == [#"member_waiting {"member":"c","name":"Cleo","user":"u-cleo"}"#])
    }

    @Test func onlyAdminsHearNudges() async throws {
        let (stage, anna, _, _, vera) = try await Stage.full()
        vera.tell("still_waiting")
        #expect(stage.heard() == ["anna": [#"member_waiting {"member":"vera","name":"vera W."}"#]])
        #expect(vera.ask("still_waiting")["result"] == [:])
        #expect(anna.refusal("still_waiting") == 400)
        #expect(try await stage.client("x").refusal("still_waiting") == 400)
    }

    @Test func whoIsAllowedGetsATokenAndTheAdminsHearOfIt() async throws {
        let (stage, anna, _, _, vera) = try await Stage.full()
        #expect(anna.ask("allow_member", #"{"member":"vera","auth_token":"\#(anna.token)"}"#)["result"] == [:])
        let token = try #require(vera.messages.last?["params"]?["auth_token"]?.text)
        #expect(
            stage.heard() == [
                "anna": [#"member_waiting_allowed {"member":"vera"}"#],
                "vera": [#"member_allowed {"auth_token":"\#(token)"}"#],
            ])
        #expect(anna.ask("get_waiting_room_members")["result"] == [])
        // Being let in is not being in.
        #expect(anna.ask("get_room_members")["result"]?.elements.count == 3)
        #expect(vera.ask("join_room", #"{"sdp":"o","auth_token":"\#(token)"}"#)["result"]?["call_id"] == "vera")
        #expect(anna.ask("get_room_members")["result"]?.elements.count == 4)
    }

    @Test func whoIsRejectedHearsItAndTheAdminsDo() async throws {
        let (stage, anna, _, _, vera) = try await Stage.full()
        #expect(anna.ask("reject_member", #"{"member":"vera","auth_token":"\#(anna.token)"}"#)["result"] == [:])
        #expect(
            stage.heard() == ["anna": [#"member_waiting_rejected {"member":"vera"}"#], "vera": ["member_rejected {}"]])
        #expect(vera.refusal("join_room", #"{"sdp":"o"}"#) == 400)
        // It may ask again.
        #expect(vera.refusal("authenticate", #"{"room":"r","call_id":"vera","display_name":"V"}"#) == 403)
        #expect(stage.heard().keys.sorted() == ["anna", "ben", "cleo"])
    }

    @Test func membersHearOfWhoeverGivesUp() async throws {
        let text = #"member_leave_waiting_room {"member":"vera"}"#
        do {
            let (stage, _, _, _, vera) = try await Stage.full()
            vera.tell("leave_room")
            #expect(stage.heard() == ["anna": [text], "ben": [text], "cleo": [text]])
        }
        let (stage, anna, _, _, vera) = try await Stage.full()
        vera.hangUp()
        #expect(stage.heard() == ["anna": [text], "ben": [text], "cleo": [text]])
        #expect(anna.refusal("allow_member", #"{"member":"vera","auth_token":"\#(anna.token)"}"#) == 404)
    }

    @Test func adminsAreAsked() async throws {
        let (stage, anna, ben, _, vera) = try await Stage.full()
        let waiting: JSONValue = [["member": "vera", "name": "vera W."]]
        #expect(anna.ask("get_waiting_room_members")["result"] == waiting)
        #expect(ben.refusal("get_waiting_room_members") == 403)
        #expect(vera.refusal("get_waiting_room_members") == 400)
        for method in ["allow_member", "reject_member"] {
            #expect(ben.refusal(method, #"{"member":"vera","auth_token":"\#(ben.token)"}"#) == 403)
            #expect(ben.refusal(method, #"{"member":"vera","auth_token":"\#(anna.token)"}"#) == 401)
            #expect(vera.refusal(method, #"{"member":"vera"}"#) == 400)
            #expect(anna.refusal(method, #"{"member":"ben","auth_token":"\#(anna.token)"}"#) == 404)
            #expect(anna.refusal(method, #"{"auth_token":"\#(anna.token)"}"#) == 400)
        }
        // The token alone says who asks.
        let other = try await stage.client("x")
        #expect(other.refusal("allow_member", #"{"member":"vera","auth_token":"x"}"#) == 401)
        #expect(other.ask("allow_member", #"{"member":"vera","auth_token":"\#(anna.token)"}"#)["result"] == [:])
        #expect(vera.heard().count == 1)
    }

    @Test func anAdminWhoHasNotJoinedMayLetIn() async throws {
        let stage = try await Stage.furnished()
        let anna = try await stage.authenticated("anna")
        let vera = try await stage.waiting("vera")
        #expect(anna.ask("get_waiting_room_members")["result"]?.elements.count == 1)
        #expect(anna.ask("allow_member", #"{"member":"vera","auth_token":"\#(anna.token)"}"#)["result"] == [:])
        // Who is not in the room is told nothing of it.
        #expect(stage.heard().keys.sorted() == ["vera"])
        _ = vera
    }

    @Test func whoWaitsGoesOnWaitingWhenTheAdminIsGone() async throws {
        let (stage, anna, ben, _, vera) = try await Stage.full()
        anna.ask("leave_room")
        _ = stage.heard()
        #expect(vera.ask("still_waiting")["result"] == [:])
        #expect(stage.heard() == [:])
        #expect(ben.refusal("allow_member", #"{"member":"vera","auth_token":"\#(ben.token)"}"#) == 403)
        #expect(try await stage.call(.GET, "/v1/rooms/r/members").json["members"]?.elements.count == 2)
        let back = try await stage.client("anna")
        #expect(back.ask("join_room", #"{"sdp":"o","auth_token":"\#(anna.token)"}"#)["result"] != nil)
        #expect(back.ask("allow_member", #"{"member":"vera","auth_token":"\#(anna.token)"}"#)["result"] == [:])
        #expect(vera.heard().count == 1)
    }

    @Test func theEndOfTheRoomIsTheEndOfWaiting() async throws {
        let (stage, anna, ben, cleo, vera) = try await Stage.full()
        #expect(try await stage.call(.DELETE, "/v1/rooms/r").status == 204)
        #expect(
            stage.heard() == [
                "anna": [#"member_leave_room {"by_admin":true,"member":"anna"}"#],
                "ben": [#"member_leave_room {"by_admin":true,"member":"ben"}"#],
                "cleo": [#"member_leave_room {"by_admin":true,"member":"cleo"}"#], "vera": ["member_rejected {}"],
            ])
        for client in [anna, ben, cleo] {
            #expect(client.refusal("get_room_members") == 400)
            #expect(client.refusal("join_room", #"{"sdp":"o","auth_token":"\#(client.token)"}"#) == 401)
        }
        // Nor do the tokens count in a room of the same name.
        try await stage.room("r")
        #expect(anna.refusal("join_room", #"{"sdp":"o","auth_token":"\#(anna.token)"}"#) == 401)
        #expect(vera.refusal("authenticate", #"{"room":"r","call_id":"vera"}"#) == 403)
    }
}
