import RoomModel
import Testing

@Suite struct UsersTests {
    private func user(
        _ id: String, _ name: String, _ number: String? = nil, devices: [String] = []
    ) -> User {
        User(
            id: UserID(id), username: name, passwordHash: "", extension: number,
            devices: devices.map { Device(name: $0, tokenDigest: "digest of \($0)") })
    }

    @Test func areFoundByEverythingThatIsTheirs() {
        let users = Users([
            user("1", "anna", "1001", devices: ["phone"]), user("2", "ben", devices: ["phone", "desk"]),
        ])
        #expect(users.user(UserID("1"))?.username == "anna")
        #expect(users.user(named: "ben")?.id == UserID("2"))
        #expect(users.user(extension: "1001")?.id == UserID("1"))
        #expect(users.users(withDevice: "phone").map(\.username) == ["anna", "ben"])
        #expect(users.users(withDevice: "desk").map(\.username) == ["ben"])
        #expect(users.user(named: "1") == nil)
        #expect(users.user(extension: "1002") == nil)
        #expect(users.users(withDevice: "none").isEmpty)
    }

    @Test func nothingOfWhatWasReplacedOrRemovedIsFound() {
        var users = Users([user("1", "anna", "1001", devices: ["phone"]), user("2", "ben")])
        users.put(user("1", "anne", "1002", devices: ["desk"]))
        #expect(users.all.map(\.username) == ["anne", "ben"])
        #expect(users.user(named: "anna") == nil)
        #expect(users.user(extension: "1001") == nil)
        #expect(users.users(withDevice: "phone").isEmpty)
        users.remove(UserID("1"))
        #expect(users.all.map(\.username) == ["ben"])
        #expect(users.user(extension: "1002") == nil)
        #expect(users.users(withDevice: "desk").isEmpty)
    }

    @Test func namesAndExtensionsAreOneUsersEach() {
        let users = Users([user("1", "anna", "1001"), user("2", "ben")])
        #expect(users.conflict(with: user("3", "anna")) == .username)
        #expect(users.conflict(with: user("3", "carl", "1001")) == .extension)
        #expect(users.conflict(with: user("1", "anna", "1001")) == nil)
        #expect(users.conflict(with: user("2", "ben", "1002")) == nil)
        #expect(Users([user("1", "anna"), user("2", "anna"), user("1", "carl")]).all.map(\.username) == ["anna"])
    }
}
