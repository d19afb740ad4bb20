import RelayControl
import RoomModel
import Testing

/// Every combination of a door, a visitor and a room password, each with what follows.
@Suite struct AdmissionTests {
    /// What follows, a letter each: Admin, Member (admitted), Waits, ? (the room password is missing), X (it is wrong).
    struct Row: Sendable, CustomTestStringConvertible {
        /// o: open, p: has a password, F: forces the password, W: forces the waiting room; "none": no definition.
        var door: String
        /// Without, with the right, and with a wrong room password.
        var anonymous: String
        var stranger: String
        var member: String
        var admin: String

        init(_ door: String, _ anonymous: String, _ stranger: String, _ member: String, _ admin: String) {
            self.door = door
            self.anonymous = anonymous
            self.stranger = stranger
            self.member = member
            self.admin = admin
        }

        var testDescription: String { door.isEmpty ? "closed" : door }
    }

    static let rows = [
        // A room that only an admin's word opens: there are no members, so nobody is an admin by right.
        Row("none", "WWW", "WWW", "WWW", "WWW"),
        // Closed and without a password: members only. A password that is given can be neither right nor wrong.
        Row("", "WWW", "WWW", "MMM", "AAA"),
        // Closed, with a password: it makes up for not being a member. Without one people may ask to be let in; only a
        // wrong one is refused.
        Row("p", "WMX", "WMX", "MMM", "AAA"),
        // Open: anybody, and a password does not matter, right or wrong.
        Row("o", "MMM", "MMM", "MMM", "AAA"),
        Row("op", "MMM", "MMM", "MMM", "AAA"),
        // A password is forced that the room does not have: nobody can have it, and nobody is locked out for good.
        Row("F", "WWW", "WWW", "WWW", "AAA"),
        Row("oF", "WWW", "WWW", "WWW", "AAA"),
        // A password is forced: also on members and where it is open, and without one there is no waiting, either.
        Row("pF", "?MX", "?MX", "?MX", "AAA"),
        Row("opF", "?MX", "?MX", "?MX", "AAA"),
        // The waiting room is forced: on everybody but admins, and no password changes that, so a wrong one is not looked at.
        Row("W", "WWW", "WWW", "WWW", "AAA"),
        Row("oW", "WWW", "WWW", "WWW", "AAA"),
        Row("pW", "WWW", "WWW", "WWW", "AAA"),
        Row("opW", "WWW", "WWW", "WWW", "AAA"),
        // Both are forced: first the password, then the waiting room.
        Row("pFW", "?WX", "?WX", "?WX", "AAA"),
        Row("opFW", "?WX", "?WX", "?WX", "AAA"),
        Row("FW", "WWW", "WWW", "WWW", "AAA"),
        Row("oFW", "WWW", "WWW", "WWW", "AAA"),
    ]

    static let stranger = UserID("stranger")
    static let member = UserID("member")
    static let admin = UserID("admin")

    private func definition(_ door: String) -> RoomDefinition? {
        guard door != "none" else { return nil }
        return RoomDefinition(
            id: RoomID("room"), name: "Room", passwordHash: door.contains("p") ? "hash" : nil,
            isOpen: door.contains("o"), forcesPassword: door.contains("F"), forcesWaitingRoom: door.contains("W"),
            members: [.init(user: Self.member), .init(user: Self.admin, isAdmin: true)])
    }

    /// What somebody does who verifies what is asked for, and no more.
    private func pass(
        _ definition: RoomDefinition?, as user: UserID?, wrongCredentials: Bool = false, password: Bool?
    ) -> (decision: Admission.Decision?, passwordWasAsked: Bool, credentialsWereAsked: Bool) {
        var admission = Admission(
            to: definition, showsCredentials: user != nil || wrongCredentials, givesRoomPassword: password != nil)
        var asked = (password: false, credentials: false)
        for _ in 0..<3 {
            switch admission.step {
            case .verifyCredentials:
                asked.credentials = true
                admission.take(credentials: wrongCredentials ? nil : user)
            case .verifyRoomPassword(let hash):
                #expect(hash == definition?.passwordHash)
                asked.password = true
                admission.take(roomPasswordIsRight: password == true)
            case .decided(let decision): return (decision, asked.password, asked.credentials)
            }
        }
        return (nil, asked.password, asked.credentials)
    }

    private func decision(_ letter: Character, _ user: UserID?) -> Admission.Decision {
        switch letter {
        case "A": .admitted(user: user, isAdmin: true)
        case "M": .admitted(user: user, isAdmin: false)
        case "W": .waits(user: user)
        case "?": .refused(.roomPasswordMissing)
        default: .refused(.wrongRoomPassword)
        }
    }

    @Test(arguments: rows) func decidesByTheDoor(_ row: Row) {
        let visitors = [
            (nil, row.anonymous), (Self.stranger, row.stranger), (Self.member, row.member), (Self.admin, row.admin),
        ]
        for (user, outcomes) in visitors {
            for (letter, password) in zip(outcomes, [nil, true, false]) {
                let outcome = pass(definition(row.door), as: user, password: password)
                #expect(
                    outcome.decision == decision(letter, user),
                    "\(user?.value ?? "anonymous"), password \(String(describing: password))")
                #expect(outcome.credentialsWereAsked == (user != nil))
            }
        }
    }

    /// Hashing a password takes long; it is not done for nothing.
    @Test(arguments: rows) func asksForAPasswordOnlyWhereItMakesADifference(_ row: Row) {
        let visitors = [
            (nil, row.anonymous), (Self.stranger, row.stranger), (Self.member, row.member), (Self.admin, row.admin),
        ]
        for (user, outcomes) in visitors {
            let matters = Array(outcomes)[1] != Array(outcomes)[2]
            for password in [true, false] {
                #expect(pass(definition(row.door), as: user, password: password).passwordWasAsked == matters)
            }
            #expect(!pass(definition(row.door), as: user, password: nil).passwordWasAsked)
        }
    }

    @Test(arguments: rows) func wrongCredentialsAreRefusedAtEveryDoor(_ row: Row) {
        for password in [nil, true, false] {
            let outcome = pass(definition(row.door), as: nil, wrongCredentials: true, password: password)
            #expect(outcome.decision == .refused(.wrongCredentials))
            #expect(!outcome.passwordWasAsked)
        }
    }

    @Test func theTableHasEveryDoor() {
        #expect(Set(Self.rows.map { String($0.door.sorted()) }).count == 17)
    }
}
