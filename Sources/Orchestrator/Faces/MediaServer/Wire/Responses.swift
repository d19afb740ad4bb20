import Web

// The bodies of answers, with the document's field names. Optional fields that are nil are left out.

nonisolated struct RoomCreated: Encodable {
    var room_id: String
    var user_id: String?
    var users: [UserItem]?
    var userInfo: JSONValue?
}

nonisolated struct UserAdded: Encodable {
    var id: String
    var userInfo: JSONValue
    var users: [UserItem]
}

/// A user as others are told of it: in `users` with what it sends, in `outbound` as the one to be told.
nonisolated struct UserItem: Encodable {
    var id: String
    var userInfo: JSONValue
    var offer: SessionDescription?
    var constraints: Constraints?
}

/// The answer to produce and to its end.
nonisolated struct ProducerChange: Encodable {
    var answer: SessionDescription?
    var id: String
    var userInfo: JSONValue
    var constraints: Constraints
    var outbound: [UserItem]
}

nonisolated struct UserDeleted: Encodable {
    var id: String
    var userInfo: JSONValue
    var outbound: [UserItem]
}

nonisolated struct RoomDeleted: Encodable {
    var count: Int
}

nonisolated struct Consumed: Encodable {
    var status = "connected"
    var refused: [RefusedItem]?
}

nonisolated struct RefusedItem: Encodable {
    var id: String
    var mid: String
    var codec: String
}

nonisolated struct FreshOffer: Encodable {
    var id: String
    var offer: SessionDescription
}

nonisolated struct RoomItem: Encodable {
    var id: String
    var usersCount: Int
}

nonisolated struct RoomDetails: Encodable {
    var room_id: String
    var users: [UserDetails]
}

nonisolated struct UserDetails: Encodable {
    var id: String
    var userInfo: JSONValue
    var constraints: Constraints?
    var produce: TransportRow?
    var consume: [TransportRow]?
}

/// A peer connection in numbers; `id` is the producer whose tracks it brings.
nonisolated struct TransportRow: Encodable {
    var id: String?
    var state: String
    var bytes: UInt64
    var packets: UInt64
    /// Bits per second.
    var bitrate: UInt64
    var lost: UInt64
    /// Null until it has been measured.
    var rtt_ms: JSONValue
}

/// `{"error": {"<field>": "<message>"}}`
nonisolated struct ErrorBody: Encodable {
    var error: [String: String]
}
