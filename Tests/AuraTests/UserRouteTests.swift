import RoomControl
import RoomModel
import Secrets
import Testing
import Web

@MainActor @Suite struct UserRouteTests {
    private static let body =
        #"{"user":{"username":"anna","password":"p","extension":1001,"display_name":"Anna","#
        + #""devices":[{"device":"phone","device_token":"t1"}]}}"#

    @Test func aUserIsAnsweredWithoutWhatProvesWhoItIs() async throws {
        let stage = Stage()
        let made = try await stage.call(.POST, "/v1/users", Self.body)
        #expect(made.status == 201)
        let id = try #require(made.json["user"]?["uuid"]?.text)
        let expected = try json(
            """
            {"user":{"uuid":"\(id)","username":"anna","extension":"1001","display_name":"Anna","devices":[{"device":"phone"}]}}
            """)
        #expect(made.json == expected)
        #expect(try await stage.call(.GET, "/v1/users/\(id)") == .init(status: 200, json: expected))
        let user = try #require(expected["user"])
        #expect(try await stage.call(.GET, "/v1/users").json == ["users": [user]])

        let kept = try #require(try await stage.store.load().users.first)
        #expect(kept.passwordHash == "hash of p")
        #expect(kept.devices.first?.tokenDigest == KeyDigest(of: "t1").text)
        let digest = try SealedSecret(try #require(kept.sealedDigest)).open(for: "sip-digest \(id)", with: stage.key)
        #expect(
            String(decoding: digest, as: UTF8.self)
                == SIPDigest.ha1(username: "anna", realm: "switchyard", password: "p"))
    }

    @Test func whatCannotBeReadBackStaysWhereItIsNotNamed() async throws {
        let stage = Stage()
        let id = try #require(try await stage.call(.POST, "/v1/users", Self.body).json["user"]?["uuid"]?.text)
        let before = try #require(try await stage.store.load().users.first)
        let answer = try await stage.call(
            .PUT, "/v1/users/\(id)",
            #"{"user":{"username":"anna","devices":[{"device":"phone"},{"device":"desk","device_token":"t2"}]}}"#)
        #expect(answer.status == 200)
        #expect(answer.json["user"]?["extension"] == .null)
        let after = try #require(try await stage.store.load().users.first)
        #expect(after.passwordHash == before.passwordHash)
        #expect(after.sealedDigest == before.sealedDigest)
        #expect(after.devices.map(\.tokenDigest) == ["t1", "t2"].map { KeyDigest(of: $0).text })
        #expect(after.displayName == "")
        // Its name is part of the digest that telephones need.
        #expect(try await stage.call(.PUT, "/v1/users/\(id)", #"{"user":{"username":"anne"}}"#).status == 400)
        #expect(
            try await stage.call(.PUT, "/v1/users/\(id)", #"{"user":{"username":"anne","password":"q"}}"#).status == 200
        )
        #expect(
            try await stage.call(.PUT, "/v1/users/\(id)", #"{"user":{"username":"anne","password":null}}"#).status
                == 200)
        #expect(try await stage.store.load().users.first?.sealedDigest == nil)
        #expect(stage.service.users.user(named: "anna") == nil)
    }

    @Test func namesAndExtensionsAreTakenOnceOnly() async throws {
        let stage = try await Stage.furnished()
        for body in [
            #"{"username":"anna"}"#, #"{"username":"new","extension":"1001"}"#, #"{"username":"new","uuid":"u-anna"}"#,
        ] {
            #expect(try await stage.call(.POST, "/v1/users", #"{"user":\#(body)}"#).status == 409)
        }
        #expect(
            try await stage.call(.PUT, "/v1/users/u-ben", #"{"user":{"username":"ben","extension":"1001"}}"#).status
                == 409)
        #expect(try await stage.store.load().users.count == 3)
    }

    @Test(arguments: [
        ("{}", "user: "), (#"{"user":{}}"#, "user.username: "), (#"{"user":{"username":""}}"#, "user.username: "),
        (#"{"user":{"username":"a","password":""}}"#, "password: "),
        (#"{"user":{"username":"a","extension":""}}"#, "user.extension: "),
        (#"{"user":{"username":"a","devices":[{}]}}"#, "user.devices[0].device: "),
        (#"{"user":{"username":"a","devices":[{"device":"d"}]}}"#, "user.devices: "),
        (#"{"user":{"username":"a","devices":[{"device":"d","device_token":""}]}}"#, "user.devices.device_token: "),
        (
            #"{"user":{"username":"a","devices":[{"device":"d","device_token":"1"},{"device":"d","device_token":"2"}]}}"#,
            "user.devices: "
        ),
    ])
    func saysWhatIsWrong(body: String, begin: String) async throws {
        let stage = Stage()
        let answer = try await stage.call(.POST, "/v1/users", body)
        #expect(answer.status == 400)
        #expect(answer.json["error"]?["message"]?.text?.hasPrefix(begin) == true, "\(answer.json)")
        #expect(stage.service.users.count == 0)
    }

    @Test func unknownUsersAreSaidToBe() async throws {
        let stage = Stage()
        #expect(try await stage.call(.GET, "/v1/users/x").status == 404)
        #expect(try await stage.call(.DELETE, "/v1/users/x").status == 404)
        #expect(try await stage.call(.PUT, "/v1/users/x", #"{"user":{"username":"x"}}"#).status == 404)
    }

    @Test func whatCannotBeKeptIsNotMade() async throws {
        let stage = try await Stage.furnished()
        stage.store.fail(with: .full(file: "x"))
        #expect(try await stage.call(.POST, "/v1/users", #"{"user":{"username":"new"}}"#).status == 500)
        #expect(try await stage.call(.PUT, "/v1/users/u-ben", #"{"user":{"username":"benno"}}"#).status == 400)
        #expect(
            try await stage.call(.PUT, "/v1/users/u-ben", #"{"user":{"username":"ben","extension":"9"}}"#).status == 500
        )
        #expect(try await stage.call(.DELETE, "/v1/users/u-ben").status == 500)
        #expect(stage.service.users.all.map(\.username) == ["anna", "ben", "cleo"])
        #expect(stage.service.users.user(UserID("u-ben"))?.extension == "1002")
    }

    @Test func whoIsDeletedIsNobodyAnyMore() async throws {
        let stage = try await Stage.furnished()
        let ben = try await stage.authenticated("ben")
        #expect(try await stage.call(.DELETE, "/v1/users/u-ben").status == 204)
        #expect(ben.refusal("join_room", #"{"sdp":"o","auth_token":"\#(ben.token)"}"#) == 401)
        let other = try await stage.client("x")
        #expect(other.refusal("authenticate", #"{"room":"r","call_id":"b","username":"ben","password":"ben"}"#) == 401)
    }
}
