/// Who has muted one kind of a participant's media. It is heard or seen only when nobody has.
///
/// The two are independent: nobody can undo an admin's mute but an admin, and no admin can make somebody heard who
/// does not want to be.
public struct Muting: Sendable, Equatable {
    public var byThemself: Bool
    public var byAdmin: Bool

    public init(byThemself: Bool = false, byAdmin: Bool = false) {
        self.byThemself = byThemself
        self.byAdmin = byAdmin
    }

    public static let none = Muting()

    public var isMuted: Bool { byThemself || byAdmin }
}
