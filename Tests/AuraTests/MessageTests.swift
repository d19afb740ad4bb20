import RoomModel
import Testing
import Web

/// What a socket takes, and what it answers whatever is asked.
@MainActor @Suite struct MessageTests {
    @Test(arguments: [#""a""#, "7", "-1.5", #""""#, "true", #"{"x":[1]}"#])
    func answersARequestOnceUnderItsOwnID(id: String) async throws {
        let client = try await Stage().client("x")
        client.say(#"{"id":\#(id),"method":"raise_hand","params":{}}"#)
        #expect(client.messages == [try json(#"{"id":\#(id),"error":{"code":400,"message":"not in a room"}}"#)])
    }

    @Test(arguments: [
        #"{"method":"raise_hand","params":{}}"#, #"{"id":null,"method":"raise_hand"}"#, #"{"method":"none"}"#, "{}",
        "[]",
        #""text""#, "7", #"[{"id":1,"method":"raise_hand"}]"#, #"{"method":"authenticate","params":7}"#,
    ])
    func answersNothingThatHasNoID(text: String) async throws {
        let client = try await Stage().client("x")
        client.say(text)
        #expect(client.messages.isEmpty)
        #expect(client.closeCode == nil)
    }

    @Test(arguments: ["", "{", "hello", "{'id':1}", "{\"id\":1} x", "\u{0}", "{\"id\":1"])
    func closesWhatIsNotJSON(text: String) async throws {
        let client = try await Stage().client("x")
        client.say(text)
        #expect(client.closeCode == 1007)
        #expect(client.messages.isEmpty)
    }

    @Test(arguments: [
        (#"{"id":1}"#, 400), (#"{"id":1,"method":7}"#, 400), (#"{"id":1,"method":"no_such"}"#, 404),
        (#"{"id":1,"method":"Authenticate"}"#, 404), (#"{"id":1,"method":"authenticate"}"#, 400),
        (#"{"id":1,"method":"authenticate","params":null}"#, 400),
        (#"{"id":1,"method":"authenticate","params":[]}"#, 400),
        (#"{"id":1,"method":"authenticate","params":{"room":"r"}}"#, 400),
        (#"{"id":1,"method":"authenticate","params":{"room":{},"call_id":"c"}}"#, 400),
        (#"{"id":1,"method":"authenticate","params":{"room":"","call_id":"c"}}"#, 400),
        (#"{"id":1,"method":"authenticate","params":{"room":"r","call_id":"c\u0007"}}"#, 400),
        (#"{"id":1,"method":"authenticate","params":{"room":"r","call_id":"c"}}"#, 404),
    ])
    func refusesWhatCannotBeCarriedOut(text: String, code: Int64) async throws {
        let client = try await Stage().client("x")
        client.say(text)
        #expect(client.messages.count == 1)
        #expect(client.messages.first?["error"]?["code"] == .integer(code))
        #expect(client.closeCode == nil)
    }

    @Test func namesTheFieldThatIsWrong() async throws {
        let client = try await Stage().client("x")
        #expect(client.ask("authenticate", #"{"room":"r"}"#)["error"]?["message"] == "params.call_id: is required")
        #expect(
            client.ask("authenticate", #"{"room":"r","call_id":"c","display_name":5}"#)["error"]?["message"]
                == "params.display_name: expected a string")
    }

    @Test func bearsSixteenLevelsAndNoMore() async throws {
        func nested(_ levels: Int) -> String {
            #"{"id":1,"method":"leave_room","params":"#
                + String(repeating: "[", count: levels - 1) + "\"]]][[[\"" + String(repeating: "]", count: levels - 1)
                + "}"
        }
        let stage = Stage()
        let client = try await stage.client("x")
        client.say(nested(16))
        #expect(client.messages.count == 1)
        #expect(client.closeCode == nil)
        client.say(nested(17))
        #expect(client.messages.count == 2)
        #expect(client.messages.last?["id"] == 1)
        #expect(client.messages.last?["error"]?["code"] == 400)
        #expect(client.closeCode == 1008)
        let other = try await stage.client("y")
        other.say(String(repeating: "[", count: 60_000))
        #expect(other.messages.first?["error"]?["code"] == 400)
        #expect(other.closeCode == 1008)
    }

    @Test func bearsAHundredMessagesASecondAndNoMore() async throws {
        let stage = Stage()
        let client = try await stage.client("x")
        for _ in 0..<100 { client.say(#"{"id":1,"method":"leave_room"}"#) }
        #expect(client.messages.count == 100)
        stage.now += 0.5
        for _ in 0..<50 { client.say(#"{"id":1,"method":"leave_room"}"#) }
        #expect(client.messages.count == 150)
        #expect(client.closeCode == nil)
        client.say(#"{"id":1,"method":"leave_room"}"#)
        #expect(client.messages.last?["error"]?["code"] == 429)
        #expect(client.closeCode == 1008)
    }

    @Test func hasAnErrorForMessagesThatTheServerDoesNotRead() async throws {
        let client = try await Stage().client("x")
        #expect(try json(try #require(client.tooLongMessage))["error"]?["code"] == 413)
    }

    @Test func carriesMessagesOutOneAfterTheOther() async throws {
        let stage = try await Stage.furnished()
        let client = try await stage.client("anna")
        stage.passwords.isHeld = true
        client.say(
            #"{"id":1,"method":"authenticate","params":{"room":"r","call_id":"a","username":"anna","password":"anna"}}"#
        )
        client.say(#"{"id":2,"method":"get_room_members"}"#)
        client.say(#"{"id":3,"method":"no_such"}"#)
        #expect(client.messages.isEmpty)
        await stage.passwords.release()
        #expect(client.messages.map { $0["id"] } == [1, 2, 3])
        #expect(client.messages[1]["result"] == [])
    }

    @Test func whoHangsUpWhileAPasswordIsCheckedIsNobody() async throws {
        let stage = try await Stage.furnished()
        let client = try await stage.client("anna")
        stage.passwords.isHeld = true
        client.say(
            #"{"id":1,"method":"authenticate","params":{"room":"r","call_id":"a","username":"anna","password":"anna"}}"#
        )
        client.hangUp()
        await stage.passwords.release()
        #expect(client.messages.isEmpty)
        _ = try await stage.authenticated("anna", call: "a")
    }
}
