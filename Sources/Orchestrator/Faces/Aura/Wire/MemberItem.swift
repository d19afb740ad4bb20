import Web

/// Somebody in a room, whichever face they came by.
nonisolated struct MemberItem: JSONWritable {
    /// The call_id.
    var id: String
    var user: String?
    var name: String
    var is_admin: Bool
    var hand_raised: Bool
    var screen_share: Bool
    var audio_muted: Bool
    var video_muted: Bool
    var audio_muted_by_admin: Bool
    var video_muted_by_admin: Bool
    var is_sip: Bool

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", id)
            $0.field("user", user)
            $0.field("name", name)
            $0.field("is_admin", is_admin)
            $0.field("hand_raised", hand_raised)
            $0.field("screen_share", screen_share)
            $0.field("audio_muted", audio_muted)
            $0.field("video_muted", video_muted)
            $0.field("audio_muted_by_admin", audio_muted_by_admin)
            $0.field("video_muted_by_admin", video_muted_by_admin)
            $0.field("is_sip", is_sip)
        }
    }
}

/// Somebody who asks to be let in.
nonisolated struct WaitingItem: JSONWritable {
    /// The call_id.
    var member: String
    var name: String
    /// Of a known user who is not invited.
    var user: String?

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("member", member)
            $0.field("name", name)
            $0.field("user", user)
        }
    }
}
