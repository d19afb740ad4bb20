import RelayControl
import RoomControl
import RoomModel
import Secrets
import Testing
import Web

@MainActor @Suite struct AuthenticationTests {
    /// What is sent besides room and call_id, and the code it is refused with; 0: it gets a token.
    nonisolated struct Case: CustomTestStringConvertible {
        var room: String
        var sent: String
        var code: Int
        var testDescription: String { "\(room) \(sent)" }

        init(_ room: String, _ sent: String, _ code: Int) {
            self.room = room
            self.sent = sent
            self.code = code
        }
    }

    private nonisolated static let anna = #""username":"anna","password":"anna""#
    private nonisolated static let ben = #""username":"ben","password":"ben""#
    private nonisolated static let cleo = #""username":"cleo","password":"cleo""#
    private nonisolated static let right = #","room_password":"s""#
    private nonisolated static let wrong = #","room_password":"t""#
    private nonisolated static let nobody = #""display_name":"N""#

    @Test(arguments: [
        // Invited people, and those who are not.
        Case("", anna, 0), Case("", ben, 0), Case("", cleo, 403), Case("", nobody, 403), Case("", "", 403),
        Case("", #""device":"phone","device_token":"TOKEN OF ben""#, 0),
        Case("", #""username":"","password":"","device":"phone","device_token":"TOKEN OF ben""#, 0),
        // Credentials that are wrong, though nobody may need any.
        Case("", #""username":"anna","password":"x""#, 401), Case("", #""username":"x","password":"x""#, 401),
        Case("", #""device":"phone","device_token":"x""#, 401),
        Case("", #""device":"x","device_token":"TOKEN OF ben""#, 401),
        Case(#""open":true"#, #""username":"x","password":"x""#, 401),
        Case("", #""username":"anna""#, 400), Case("", #""device":"phone""#, 400),
        // Open rooms.
        Case(#""open":true"#, nobody, 0), Case(#""open":true"#, cleo, 0),
        Case(#""open":true,"password":"s""#, nobody, 0),
        // Rooms with a password.
        Case(#""password":"s""#, nobody, 403), Case(#""password":"s""#, nobody + right, 0),
        Case(#""password":"s""#, nobody + wrong, 401), Case(#""password":"s""#, ben, 0),
        // Rooms that ask everybody but admins.
        Case(#""password":"s","force_password":true"#, anna, 0),
        Case(#""password":"s","force_password":true"#, ben, 401),
        Case(#""password":"s","force_password":true"#, ben + right, 0),
        Case(#""password":"s","force_password":true"#, ben + wrong, 401),
        Case(#""open":true,"password":"s","force_password":true"#, nobody, 401),
        Case(#""open":true,"password":"s","force_password":true"#, nobody + right, 0),
        // Rooms that let everybody but admins wait.
        Case(#""force_waiting_room":true"#, anna, 0), Case(#""force_waiting_room":true"#, ben, 403),
        Case(#""open":true,"force_waiting_room":true"#, nobody, 403),
        Case(#""password":"s","force_password":true,"force_waiting_room":true"#, ben, 401),
        Case(#""password":"s","force_password":true,"force_waiting_room":true"#, ben + right, 403),
    ])
    func letsInWhomTheRoomLetsIn(_ each: Case) async throws {
        let stage = try await Stage.furnished(each.room)
        let client = try await stage.client("x")
        let answer = client.ask(
            "authenticate", #"{"room":"r","call_id":"c"\#(each.sent.isEmpty ? "" : ",")\#(each.sent)}"#)
        guard each.code != 0 else {
            #expect(answer["result"]?["auth_token"]?.text?.isEmpty == false, "\(answer)")
            return
        }
        #expect(answer["error"]?["code"] == .integer(Int64(each.code)), "\(answer)")
        if each.code == 403 {
            #expect(answer["error"]?["message"] == "not allowed for this room, waiting to be accpeted")
        }
        #expect(try stage.service.rooms.room(RoomID("r")).waiting.count == (each.code == 403 ? 1 : 0))
    }

    @Test func knowsNoOtherRooms() async throws {
        let stage = try await Stage.furnished()
        let client = try await stage.client("x")
        #expect(client.refusal("authenticate", #"{"room":"q","call_id":"c"}"#) == 404)
    }

    @Test func roomsWithoutADefinitionLetEverybodyWait() async throws {
        let stage = try await Stage.furnished()
        try stage.service.createRoom(RoomID("m"), with: Participant(id: ParticipantID("1")))
        let client = try await stage.client("anna")
        #expect(
            client.refusal("authenticate", #"{"room":"m","call_id":"c","username":"anna","password":"anna"}"#) == 403)
    }

    @Test func aCallIDIsOnesOwn() async throws {
        let stage = try await Stage.furnished(#""open":true"#)
        _ = try await stage.authenticated("anna")
        let other = try await stage.client("x")
        #expect(other.refusal("authenticate", #"{"room":"r","call_id":"anna"}"#) == 409)
        try await stage.room("q", #""open":true"#)
        #expect(other.refusal("authenticate", #"{"room":"q","call_id":"anna"}"#) == 0)
        // Whoever came by another face has a name, too.
        _ = try stage.service.addUser(Participant(id: ParticipantID("1")), to: RoomID("r"))
        #expect(other.refusal("authenticate", #"{"room":"r","call_id":1}"#) == 409)
    }

    @Test func aCallIDThatWaitsIsOnesOwn() async throws {
        let stage = try await Stage.furnished()
        _ = try await stage.waiting("vera")
        let other = try await stage.client("x")
        #expect(other.refusal("authenticate", #"{"room":"r","call_id":"vera"}"#) == 409)
    }

    @Test func ofTwoAtTheSameTimeOneGetsTheCallID() async throws {
        let stage = try await Stage.furnished()
        let (one, two) = (try await stage.client("1"), try await stage.client("2"))
        stage.passwords.isHeld = true
        for client in [one, two] {
            client.say(
                #"{"id":1,"method":"authenticate","params":{"room":"r","call_id":"a","username":"anna","password":"anna"}}"#
            )
        }
        await stage.passwords.release()
        await until { !one.messages.isEmpty && !two.messages.isEmpty }
        let answers = [one, two].compactMap(\.messages.first)
        #expect(answers.count { $0["result"] != nil } == 1)
        #expect(answers.count { $0["error"]?["code"] == 409 } == 1)
    }

    @Test func whoWaitsMayTryAgain() async throws {
        let stage = try await Stage.furnished(#""password":"s""#)
        let anna = try await stage.joined("anna")
        let vera = try await stage.waiting("vera")
        _ = stage.heard()
        #expect(vera.refusal("authenticate", #"{"room":"r","call_id":"vera"}"#) == 403)
        #expect(stage.heard() == [:])
        #expect(vera.refusal("authenticate", #"{"room":"r","call_id":"vera","room_password":"x"}"#) == 401)
        #expect(stage.heard() == [:])
        #expect(vera.ask("authenticate", #"{"room":"r","call_id":"vera","room_password":"s"}"#)["result"] != nil)
        #expect(stage.heard() == ["anna": [#"member_leave_waiting_room {"member":"vera"}"#]])
        _ = anna
    }

    @Test func passwordsThatCannotBeCheckedAreNoReasonToLetIn() async throws {
        let stage = try await Stage.furnished(#""password":"s""#)
        let client = try await stage.client("x")
        stage.passwords.failure = .tooManyAttempts(retryAfterSeconds: 3)
        #expect(client.refusal("authenticate", #"{"room":"r","call_id":"c","room_password":"s"}"#) == 429)
        stage.passwords.failure = .overloaded
        #expect(client.refusal("authenticate", #"{"room":"r","call_id":"c","room_password":"s"}"#) == 503)
        #expect(try stage.service.rooms.room(RoomID("r")).waiting.isEmpty)
    }

    @Test func noHalfOfAUserIsCheckedForWhenNobodyHasThatName() async throws {
        let stage = try await Stage.furnished()
        let client = try await stage.client("x")
        #expect(client.refusal("authenticate", #"{"room":"r","call_id":"c","username":"no","password":"no"}"#) == 401)
        // As long as for a user who exists.
        #expect(stage.passwords.checks == 1)
    }

    @Test func namesAreShownAsAskedFor() async throws {
        let stage = try await Stage.furnished(#""open":true"#)
        for (number, (sent, shown)) in [
            (#""username":"ben","password":"ben""#, "Ben"),
            (#""username":"ben","password":"ben","display_name":"B""#, "B"),
            (#""display_name":"Zoë 🦊""#, "Zoë 🦊"), (#""display_name":"""#, ""),
        ].enumerated() {
            let client = try await stage.client("\(number)")
            let answer = client.ask("authenticate", #"{"room":"r","call_id":"\#(number)",\#(sent)}"#)
            client.ask("join_room", #"{"sdp":"o","auth_token":"\#(answer["result"]?["auth_token"]?.text ?? "")"}"#)
            let members = client.ask("get_room_members")["result"]?.elements
            #expect(members?.last?["name"] == .string(shown))
        }
        let client = try await stage.client("x")
        let long = String(repeating: "n", count: 129)
        #expect(client.refusal("authenticate", #"{"room":"r","call_id":"x","display_name":"\#(long)"}"#) == 400)
        #expect(client.refusal("authenticate", #"{"room":"r","call_id":"x","display_name":"a\n"}"#) == 400)
    }
}
