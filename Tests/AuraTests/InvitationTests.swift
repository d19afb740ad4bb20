import RelayControl
import RoomControl
import RoomModel
import TestSupport
import Testing
import Web

@MainActor @Suite struct InvitationTests {
    private func registered(_ name: String, _ stage: Stage) async throws -> Client {
        let client = try await stage.client(name)
        let answer = client.ask("register_room_api", #"{"username":"\#(name)","password":"\#(name)"}"#)
        #expect(answer["result"] == ["user": .string("u-\(name)")])
        return client
    }

    /// `anna` in a temporary room of her own, having invited whom she was told to.
    private func inviting(_ destinations: String, _ stage: Stage) async throws -> (Client, JSONValue) {
        let anna = try await stage.client("anna")
        let answer = anna.ask(
            "create_temp_room",
            #"{"call_id":"a","username":"anna","password":"anna","sdp":"o","invited":\#(destinations)}"#)
        return (anna, try #require(answer["result"]))
    }

    @Test func aTemporaryRoomIsItsMakersAndRingsWhomItCan() async throws {
        let stage = try await Stage.furnished()
        let (one, two) = (try await registered("ben", stage), try await registered("ben", stage))
        let (anna, result) = try await inviting(#"["1002","1003",7555666888,"1001"]"#, stage)
        #expect(result["sdp"] == "answer to o")
        let room = try #require(result["room_id"]?.text)
        let rows = try #require(result["invited"]?.elements)
        #expect(rows.count == 4)
        let call = try #require(rows[0]["bridge_id"]?.text)
        #expect(rows[0]["destination"] == "1002")
        #expect(rows[1] == ["destination": "1003", "error": "unreachable"])
        #expect(rows[2] == ["destination": "7555666888", "error": "unreachable"])
        #expect(rows[3] == ["destination": "1001", "error": "unreachable"])
        let invitation = try #require(one.messages.last?["params"])
        #expect(one.messages.last?["method"] == "room_invite")
        #expect(one.heard() == two.heard())
        #expect(invitation["room"] == .string(room))
        #expect(invitation["call_id"] == .string(call))
        #expect(invitation["from_user"] == "u-anna")
        let members = anna.ask("get_room_members")["result"]?.elements
        #expect(members?.map { $0["is_admin"] } == [true])

        // The one who answers is in; the other stops ringing.
        let token = try #require(invitation["auth_token"]?.text)
        let joined = one.ask("join_room", #"{"sdp":"b","auth_token":"\#(token)"}"#)["result"]
        #expect(joined?["call_id"] == .string(call))
        #expect(joined?["is_admin"] == false)
        #expect(two.heard() == [#"room_invite_completed_elsewhere {"room":"\#(room)"}"#])
        #expect(one.heard() == [])
        #expect(anna.heard().map { $0.prefix(16) } == ["member_join_room"])
        #expect(two.refusal("join_room", #"{"sdp":"b","auth_token":"\#(token)"}"#) == 409)

        // It ends with its last member.
        anna.ask("leave_room")
        one.ask("leave_room")
        #expect(!stage.service.rooms.contains(RoomID(room)))
        let again = try await stage.client("x")
        #expect(again.refusal("join_room", #"{"sdp":"b","auth_token":"\#(token)"}"#) == 401)
    }

    @Test func aTemporaryRoomIsMadeForKnownUsersWithConnectionsOnly() async throws {
        let stage = try await Stage.furnished()
        let client = try await stage.client("x")
        #expect(client.refusal("create_temp_room", #"{"call_id":"a","sdp":"o"}"#) == 401)
        #expect(
            client.refusal("create_temp_room", #"{"call_id":"a","sdp":"o","username":"anna","password":"x"}"#) == 401)
        for fields in [
            #""sdp":"o""#, #""call_id":"a""#, #""call_id":"a","sdp":"""#, #""call_id":"a","sdp":"o","invited":["",""]"#,
            #""call_id":"a","sdp":"o","invited":"1002""#,
        ] {
            #expect(
                client.refusal("create_temp_room", #"{"username":"anna","password":"anna",\#(fields)}"#) == 400,
                "\(fields)")
        }
        stage.relay.produceFailure = .unusableDescription("x")
        #expect(
            client.refusal("create_temp_room", #"{"call_id":"a","sdp":"o","username":"anna","password":"anna"}"#) == 400
        )
        #expect(stage.service.rooms.all.map(\.id.value) == ["r"])
    }

    @Test func whoDeclinesEndsTheRingingEverywhere() async throws {
        let stage = try await Stage.furnished()
        let (one, two) = (try await registered("ben", stage), try await registered("ben", stage))
        let (anna, result) = try await inviting(#"["1002"]"#, stage)
        let room = try #require(result["room_id"]?.text)
        let call = try #require(result["invited"]?.elements.first?["bridge_id"]?.text)
        let token = try #require(one.messages.last?["params"]?["auth_token"]?.text)
        _ = stage.heard()
        #expect(one.refusal("room_invite_reject", #"{"room":"r","auth_token":"\#(token)"}"#) == 401)
        #expect(one.refusal("room_invite_reject", #"{"room":"\#(room)","auth_token":"x"}"#) == 401)
        one.tell("room_invite_reject", #"{"room":"\#(room)","auth_token":"\#(token)"}"#)
        #expect(anna.heard() == [#"room_invite_reject {"call_id":"\#(call)","room":"\#(room)"}"#])
        #expect(two.heard() == [#"room_invite_completed_elsewhere {"room":"\#(room)"}"#])
        #expect(one.heard() == [])
        #expect(two.refusal("join_room", #"{"sdp":"b","auth_token":"\#(token)"}"#) == 401)
        #expect(two.refusal("room_invite_reject", #"{"room":"\#(room)","auth_token":"\#(token)"}"#) == 401)
    }

    @Test func anInvitationRingsForTwoMinutes() async throws {
        let stage = try await Stage.furnished()
        let ben = try await registered("ben", stage)
        let (anna, result) = try await inviting(#"["1002"]"#, stage)
        let room = try #require(result["room_id"]?.text)
        let token = try #require(ben.messages.last?["params"]?["auth_token"]?.text)
        _ = stage.heard()
        stage.pass(119)
        #expect(stage.heard() == [:])
        stage.pass(1)
        #expect(anna.heard().map { $0.prefix(18) } == ["room_invite_reject"])
        #expect(ben.heard() == [#"room_invite_completed_elsewhere {"room":"\#(room)"}"#])
        #expect(ben.refusal("join_room", #"{"sdp":"b","auth_token":"\#(token)"}"#) == 401)
    }

    @Test func ringingEndsWithTheRoom() async throws {
        let stage = try await Stage.furnished()
        let ben = try await registered("ben", stage)
        let (anna, result) = try await inviting(#"["1002"]"#, stage)
        _ = stage.heard()
        anna.ask("leave_room")
        #expect(ben.heard() == [#"room_invite_completed_elsewhere {"room":"\#(result["room_id"]?.text ?? "")"}"#])
        #expect(anna.heard() == [])
    }

    @Test func whatRingsIsNotMadeToRingTwice() async throws {
        let stage = try await Stage.furnished()
        let anna = try await stage.joined("anna")
        let ben = try await registered("ben", stage)
        func bridge() -> JSONValue? {
            anna.ask("invite_exten", #"{"extens":["1002"]}"#)["result"]?["invited"]?.elements.first?["bridge_id"]
        }
        let first = bridge()
        #expect(first != nil)
        #expect(bridge() == first)
        #expect(ben.heard().count == 1)
    }

    @Test func onlySoManyRingAtATime() async throws {
        let stage = try await Stage.furnished()
        let anna = try await stage.joined("anna")
        let numbers = (0..<250).map { "0\($0)" }
        stage.telephony.reachable = Set(numbers)
        var errors: [JSONValue?] = []
        for part in 0..<3 {
            let list = numbers[(part * 100)..<min(250, part * 100 + 100)].map { "\"\($0)\"" }.joined(separator: ",")
            let rows = anna.ask("invite_exten", "{\"extens\":[\(list)]}")["result"]?["invited"]?.elements ?? []
            errors += rows.map { $0["error"] }
        }
        #expect(errors.count == 250)
        #expect(errors.prefix(200).allSatisfy { $0 == nil })
        #expect(errors.dropFirst(200).allSatisfy { $0 == "too_many" })
        #expect(anna.refusal("invite_exten", "{\"extens\":[\(String(repeating: "1,", count: 100))1]}") == 400)
    }

    @Test func aRegistrationLastsForAMinute() async throws {
        let stage = try await Stage.furnished()
        let ben = try await registered("ben", stage)
        stage.pass(59)
        ben.ask("register_room_api", #"{"username":"ben","password":"ben"}"#)
        // The password that was right is not looked at again.
        #expect(stage.passwords.checks == 1)
        stage.pass(59)
        let anna = try await stage.joined("anna")
        func rows() -> [JSONValue]? {
            anna.ask("invite_exten", #"{"extens":["1002"]}"#)["result"]?["invited"]?.elements
        }
        #expect(rows()?.first?["bridge_id"] != nil)
        stage.pass(120)
        #expect(rows()?.first?["error"] == "unreachable")
    }

    @Test func aRegistrationEndsWithItsSocketAndItsUser() async throws {
        let stage = try await Stage.furnished()
        let anna = try await stage.joined("anna")
        func isReached(_ number: String) -> Bool {
            anna.ask("invite_exten", #"{"extens":["\#(number)"]}"#)["result"]?["invited"]?.elements.first?["bridge_id"]
                != nil
        }
        let ben = try await registered("ben", stage)
        _ = try await registered("cleo", stage)
        #expect(isReached("1002"))
        ben.hangUp()
        stage.pass(50)
        // It rings on for who registers anew.
        #expect(isReached("1002"))
        #expect(isReached("1003"))
        try await stage.call(.DELETE, "/v1/users/u-cleo")
        #expect(!isReached("1003"))
        stage.pass(70)
        #expect(!isReached("1002"))
    }

    @Test func registeringTakesCredentials() async throws {
        let stage = try await Stage.furnished()
        let client = try await stage.client("x")
        for parameters in [
            "{}", #"{"username":"ben","password":"x"}"#, #"{"username":"x","password":"x"}"#,
            #"{"device":"phone","device_token":"x"}"#,
        ] {
            #expect(client.refusal("register_room_api", parameters) == 401)
        }
        #expect(client.refusal("register_room_api", #"{"username":"ben"}"#) == 400)
        let answer = client.ask("register_room_api", #"{"device":"phone","device_token":"TOKEN OF ben"}"#)
        #expect(answer["result"] == ["user": "u-ben"])
        // Once the password is another, the old one does not refresh.
        let ben = try await registered("ben", stage)
        try await stage.call(
            .PUT, "/v1/users/u-ben", #"{"user":{"username":"ben","password":"new","devices":[{"device":"phone"}]}}"#)
        #expect(ben.refusal("register_room_api", #"{"username":"ben","password":"ben"}"#) == 401)
    }

    @Test func anAppThatRegistersWhileItRingsRings() async throws {
        let stage = try await Stage.furnished()
        _ = try await registered("ben", stage)
        _ = try await inviting(#"["1002"]"#, stage)
        stage.pass(5)
        let late = try await registered("ben", stage)
        #expect(late.heard().map { $0.prefix(11) } == ["room_invite"])
        late.ask("register_room_api", #"{"username":"ben","password":"ben"}"#)
        #expect(late.heard() == [])
    }

    @Test func onlyAdminsInvite() async throws {
        let (stage, anna, ben, _, vera) = try await Stage.full()
        #expect(ben.refusal("invite_exten", #"{"extens":["1003"]}"#) == 403)
        #expect(vera.refusal("invite_exten", #"{"extens":["1003"]}"#) == 400)
        #expect(anna.refusal("invite_exten", #"{"extens":"1003"}"#) == 400)
        #expect(anna.refusal("invite_exten") == 400)
        #expect(
            anna.ask("invite_exten", #"{"extens":["1003"]}"#)["result"] == [
                "room_id": "r", "invited": [["destination": "1003", "error": "unreachable"]],
            ])
        #expect(ben.refusal("convert_to_room", #"{"call_id":"ben","invited":["1003"]}"#) == 403)
        #expect(
            anna.ask("convert_to_room", #"{"call_id":"anna","invited":["1003"]}"#)["result"] == [
                "room_id": "r", "invited": [["destination": "1003", "error": "unreachable"]],
            ])
        _ = stage
    }

    @Test func anInvitationPassesWaitingRoomAndPassword() async throws {
        let stage = try await Stage.furnished(#""password":"s","force_password":true,"force_waiting_room":true"#)
        let anna = try await stage.joined("anna")
        let cleo = try await registered("cleo", stage)
        anna.ask("invite_exten", #"{"extens":["1003"]}"#)
        let token = try #require(cleo.messages.last?["params"]?["auth_token"]?.text)
        #expect(cleo.ask("join_room", #"{"sdp":"c","auth_token":"\#(token)"}"#)["result"]?["is_admin"] == false)
    }

    // MARK: Telephones

    @Test func telephonesRingWhereNoAppDoes() async throws {
        let stage = try await Stage.furnished()
        stage.telephony.reachable = ["1003", "07555666888"]
        let anna = try await stage.joined("anna")
        let answer = anna.ask("invite_exten", #"{"extens":["1003","07555666888","999"]}"#)["result"]?["invited"]?
            .elements
        #expect(answer?.map { $0["bridge_id"] != nil } == [true, true, false])
        let answering = try #require(stage.telephony.ringing.first)
        _ = try stage.service.addUser(
            Participant(id: answering, displayName: "07…", isTelephone: true), to: RoomID("r"))
        #expect(anna.heard().count == 1)
        stage.pass(120)
        // The one that was not answered stops, and the one who asked hears of it.
        #expect(stage.telephony.ringing == [answering])
        #expect(anna.heard().map { $0.prefix(18) } == ["room_invite_reject"])
    }

    @Test func aTelephoneCallBecomesARoom() async throws {
        let stage = try await Stage.furnished()
        let anna = try await stage.client("anna")
        #expect(anna.refusal("convert_to_room", #"{"call_id":"sip-1"}"#) == 401)
        anna.ask("register_room_api", #"{"username":"anna","password":"anna"}"#)
        #expect(anna.refusal("convert_to_room", #"{"call_id":"sip-1"}"#) == 404)
        stage.telephony.calls["sip-1 of u-anna"] = RoomID("r")
        #expect(
            anna.ask("convert_to_room", #"{"call_id":"sip-1","invited":["1003"]}"#)["result"] == [
                "room_id": "r", "invited": [["destination": "1003", "error": "unreachable"]],
            ])
    }
}
