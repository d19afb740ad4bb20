import Web

// What requests are answered with.

/// Of `authenticate`.
nonisolated struct Authenticated: JSONWritable {
    var auth_token: String

    func write(to writer: inout JSONWriter) {
        writer.object { $0.field("auth_token", auth_token) }
    }
}

/// Of `join_room`.
nonisolated struct Joined: JSONWritable {
    var call_id: String
    var sdp: String
    /// Everybody, the newcomer included.
    var members: [MemberItem]
    var is_admin: Bool

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("call_id", call_id)
            $0.field("sdp", sdp)
            $0.field("members", members)
            $0.field("is_admin", is_admin)
        }
    }
}

/// Of `create_temp_room`, and without description and token of `convert_to_room` and `invite_exten`.
nonisolated struct Invited: JSONWritable {
    var room_id: String
    var sdp: String?
    var auth_token: String?
    var invited: [Row]

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("room_id", room_id)
            $0.field("sdp", sdp)
            $0.field("auth_token", auth_token)
            $0.field("invited", invited)
        }
    }

    /// One who was asked for: the call_id that it will have, or why it cannot be reached.
    nonisolated enum Row: JSONWritable {
        case rings(bridge_id: String, destination: String)
        case fails(destination: String, error: String)

        func write(to writer: inout JSONWriter) {
            writer.object {
                switch self {
                case .rings(let bridge, let destination):
                    $0.field("bridge_id", bridge)
                    $0.field("destination", destination)
                case .fails(let destination, let error):
                    $0.field("destination", destination)
                    $0.field("error", error)
                }
            }
        }
    }
}
