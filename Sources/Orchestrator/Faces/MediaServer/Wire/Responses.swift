import Web

// The bodies of answers, with the document's field names. Optional fields that are nil are left out.

nonisolated struct RoomCreated: JSONWritable {
    var room_id: String
    var user_id: String?
    var users: [UserItem]?
    var userInfo: RawJSON?

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("room_id", room_id)
            $0.field("userInfo", userInfo)
            $0.field("user_id", user_id)
            $0.field("users", users)
        }
    }
}

nonisolated struct UserAdded: JSONWritable {
    var id: String
    var userInfo: RawJSON
    var users: [UserItem]

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", id)
            $0.field("userInfo", userInfo)
            $0.field("users", users)
        }
    }
}

/// A user as others are told of it: in `users` with what it sends, in `outbound` as the one to be told.
nonisolated struct UserItem: JSONWritable {
    var id: String
    var userInfo: RawJSON
    var offer: SessionDescription?
    var constraints: Constraints?

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("constraints", constraints)
            $0.field("id", id)
            $0.field("offer", offer)
            $0.field("userInfo", userInfo)
        }
    }
}

/// The answer to produce and to its end.
nonisolated struct ProducerChange: JSONWritable {
    var answer: SessionDescription?
    var id: String
    var userInfo: RawJSON
    var constraints: Constraints
    var outbound: [UserItem]

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("answer", answer)
            $0.field("constraints", constraints)
            $0.field("id", id)
            $0.field("outbound", outbound)
            $0.field("userInfo", userInfo)
        }
    }
}

nonisolated struct UserDeleted: JSONWritable {
    var id: String
    var userInfo: RawJSON
    var outbound: [UserItem]

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", id)
            $0.field("outbound", outbound)
            $0.field("userInfo", userInfo)
        }
    }
}

nonisolated struct RoomDeleted: JSONWritable {
    var count: Int

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("count", count)
        }
    }
}

nonisolated struct Consumed: JSONWritable {
    var status = "connected"
    var refused: [RefusedItem]?

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("refused", refused)
            $0.field("status", status)
        }
    }
}

nonisolated struct RefusedItem: JSONWritable {
    var id: String
    var mid: String
    var codec: String

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("codec", codec)
            $0.field("id", id)
            $0.field("mid", mid)
        }
    }
}

nonisolated struct FreshOffer: JSONWritable {
    var id: String
    var offer: SessionDescription

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", id)
            $0.field("offer", offer)
        }
    }
}

nonisolated struct RoomItem: JSONWritable {
    var id: String
    var usersCount: Int

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", id)
            $0.field("usersCount", usersCount)
        }
    }
}

nonisolated struct RoomDetails: JSONWritable {
    var room_id: String
    var users: [UserDetails]

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("room_id", room_id)
            $0.field("users", users)
        }
    }
}

nonisolated struct UserDetails: JSONWritable {
    var id: String
    var userInfo: RawJSON
    var constraints: Constraints?
    var produce: TransportRow?
    var consume: [TransportRow]?

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("constraints", constraints)
            $0.field("consume", consume)
            $0.field("id", id)
            $0.field("produce", produce)
            $0.field("userInfo", userInfo)
        }
    }
}

/// A peer connection in numbers; `id` is the producer whose tracks it brings.
nonisolated struct TransportRow: JSONWritable {
    var id: String?
    var state: String
    var bytes: UInt64
    var packets: UInt64
    /// Bits per second.
    var bitrate: UInt64
    var lost: UInt64
    /// Null until it has been measured.
    var rtt_ms: Double?
    /// Bits per second that may be sent; only under `consume`, null until it has been measured.
    var estimate: UInt64?
    /// Only where one user is asked for.
    var tracks: [TrackRow]?

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("bitrate", bitrate)
            $0.field("bytes", bytes)
            if id != nil { $0.field("estimate", orNull: estimate) }
            $0.field("id", id)
            $0.field("lost", lost)
            $0.field("packets", packets)
            $0.field("rtt_ms", orNull: rtt_ms)
            $0.field("state", state)
            $0.field("tracks", tracks)
        }
    }
}
