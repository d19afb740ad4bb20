import Web

// What requests carry, with the document's names. Fields that are not named here are ignored.

/// Who somebody is: by name and password, or by device and its token; nobody where all is missing or empty.
nonisolated struct Credentials: Decodable {
    var username: String?
    var password: String?
    var device: String?
    var device_token: String?
}

nonisolated struct AuthenticateParameters: Decodable {
    var room: Identifier
    var call_id: Identifier
    var display_name: String?
    var room_password: String?
}

/// Of whatever needs no more than to know who asks.
nonisolated struct TokenParameters: Decodable {
    var auth_token: String?
}

nonisolated struct JoinParameters: Decodable {
    var sdp: String
    var auth_token: String?
    var audio_muted: Bool?
    var video_muted: Bool?
}

nonisolated struct SubscribeParameters: Decodable {
    var sdp: String
    var members: [Tile]
    var auth_token: String?

    nonisolated struct Tile: Decodable {
        var id: Identifier
        var video_mid: Identifier
        /// Pixels; nil: as large as it is sent.
        var width: Double?
        var height: Double?
    }
}

nonisolated struct MemberParameters: Decodable {
    var member: Identifier
    var auth_token: String?
}

nonisolated struct ReactionParameters: Decodable {
    var reaction: String
}

nonisolated struct TemporaryRoomParameters: Decodable {
    var call_id: Identifier
    var sdp: String
    var invited: [Identifier]?
    var audio_muted: Bool?
    var video_muted: Bool?
}

nonisolated struct ConvertParameters: Decodable {
    var call_id: Identifier
    var invited: [Identifier]?
}

nonisolated struct InviteParameters: Decodable {
    var extens: [Identifier]
}

nonisolated struct DeclineParameters: Decodable {
    var room: Identifier
    var auth_token: String
}
