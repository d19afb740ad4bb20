/// Who gets into a room by asking, who waits, and who is refused.
///
/// Passwords are checked elsewhere and take their time, so a decision is made in steps: `step` says what has to be verified
/// next, the result is put in, and in the end `step` is `decided`. A password is asked for only where it makes a difference.
///
/// The rules, in their order:
/// 1. Who shows credentials that are wrong is refused, even where nobody needs any: they should not take themselves for known.
/// 2. A room without a definition has no door of its own: everybody waits for somebody to let them in.
/// 3. An admin among the room's members gets in, and is an admin there.
/// 4. A room that forces its password refuses everybody else who does not have it. A room that forces a password but has
///    none cannot be entered by it, so they wait.
/// 5. A room that forces its waiting room makes everybody else wait, also those who had the password.
/// 6. Then a member gets in, and anybody into an open room, and anybody who has the password.
/// 7. A wrong password is refused. Everybody else waits, and may be let in.
public struct Admission: Sendable, Equatable {
    /// What comes next.
    public enum Step: Sendable, Equatable {
        /// To be answered with `take(credentials:)`.
        case verifyCredentials
        /// To be answered with `take(roomPasswordIsRight:)`.
        case verifyRoomPassword(hash: String)
        case decided(Decision)
    }

    /// - `user`: who it is, as far as their credentials have shown.
    public enum Decision: Sendable, Equatable {
        case admitted(user: UserID?, isAdmin: Bool)
        case waits(user: UserID?)
        case refused(Refusal)
    }

    public enum Refusal: Sendable, Equatable {
        case wrongCredentials
        case roomPasswordMissing
        case wrongRoomPassword
    }

    private enum Claim: Equatable {
        case notMade, made, right, wrong
    }

    private let definition: RoomDefinition?
    private var credentials: Claim
    private var roomPassword: Claim
    private var user: UserID?

    /// - Parameters:
    ///   - definition: the room's; nil for a room that has none.
    ///   - showsCredentials: whether a user or a device was named, known or not.
    ///   - givesRoomPassword: whether there is a room password to verify.
    public init(to definition: RoomDefinition?, showsCredentials: Bool, givesRoomPassword: Bool) {
        self.definition = definition
        self.credentials = showsCredentials ? .made : .notMade
        self.roomPassword = givesRoomPassword ? .made : .notMade
    }

    /// - Parameter user: whose they are; nil: they are wrong.
    public mutating func take(credentials user: UserID?) {
        self.user = user
        credentials = user == nil ? .wrong : .right
    }

    public mutating func take(roomPasswordIsRight isRight: Bool) {
        roomPassword = isRight ? .right : .wrong
    }

    public var step: Step {
        switch credentials {
        case .made: return .verifyCredentials
        case .wrong: return .decided(.refused(.wrongCredentials))
        case .notMade, .right: break
        }
        guard let definition else { return .decided(.waits(user: user)) }
        if let user, definition.isAdmin(user) { return .decided(.admitted(user: user, isAdmin: true)) }
        if definition.forcesPassword { return forced(definition) }
        if definition.forcesWaitingRoom { return .decided(.waits(user: user)) }
        let isInvited = user.map(definition.invites) ?? false
        if isInvited || definition.isOpen { return .decided(.admitted(user: user, isAdmin: false)) }
        guard let hash = definition.passwordHash else { return .decided(.waits(user: user)) }
        switch roomPassword {
        case .notMade: return .decided(.waits(user: user))
        case .made: return .verifyRoomPassword(hash: hash)
        case .wrong: return .decided(.refused(.wrongRoomPassword))
        case .right: return .decided(.admitted(user: user, isAdmin: false))
        }
    }

    /// For everybody but admins, where the password is forced.
    private func forced(_ definition: RoomDefinition) -> Step {
        guard let hash = definition.passwordHash else { return .decided(.waits(user: user)) }
        switch roomPassword {
        case .notMade: return .decided(.refused(.roomPasswordMissing))
        case .made: return .verifyRoomPassword(hash: hash)
        case .wrong: return .decided(.refused(.wrongRoomPassword))
        case .right:
            return .decided(definition.forcesWaitingRoom ? .waits(user: user) : .admitted(user: user, isAdmin: false))
        }
    }
}
