import Web

/// `{"room": {…}}`, as it is sent to make or to change a room. Fields that are not named here are ignored.
nonisolated struct RoomBody: Decodable {
    var room: Fields

    nonisolated struct Fields: Decodable {
        /// Only when a room is made; one is made up where it is missing.
        var uuid: Identifier?
        var name: String
        var password: Given<String>
        var open: Bool
        var force_password: Bool
        var force_waiting_room: Bool
        var members: [Entry]

        private enum Key: CodingKey { case uuid, name, password, open, force_password, force_waiting_room, members }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            uuid = try fields.decodeIfPresent(Identifier.self, forKey: .uuid)
            name = try fields.decode(String.self, forKey: .name)
            password = try fields.decodeGiven(String.self, forKey: .password)
            open = try fields.decodeIfPresent(Bool.self, forKey: .open) ?? false
            force_password = try fields.decodeIfPresent(Bool.self, forKey: .force_password) ?? false
            force_waiting_room = try fields.decodeIfPresent(Bool.self, forKey: .force_waiting_room) ?? false
            members = try fields.decodeIfPresent([Entry].self, forKey: .members) ?? []
        }
    }

    nonisolated struct Entry: Decodable {
        var user_id: Identifier
        var admin: Bool?
    }
}

/// A field that says different things by being absent, null, and something else.
nonisolated enum Given<Value> {
    case absent
    case null
    case value(Value)
}

nonisolated extension KeyedDecodingContainer {
    func decodeGiven<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Given<Value> {
        guard contains(key) else { return .absent }
        return try decodeNil(forKey: key) ? .null : .value(try decode(type, forKey: key))
    }
}

/// A room as it is answered.
nonisolated struct RoomItem: JSONWritable {
    var uuid: String
    var name: String
    var open: Bool
    var force_password: Bool
    var force_waiting_room: Bool
    var has_password: Bool
    var members: [Entry]

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("uuid", uuid)
            $0.field("name", name)
            $0.field("open", open)
            $0.field("force_password", force_password)
            $0.field("force_waiting_room", force_waiting_room)
            $0.field("has_password", has_password)
            $0.field("members", members)
        }
    }

    nonisolated struct Entry: JSONWritable {
        var user_id: String
        var admin: Bool

        func write(to writer: inout JSONWriter) {
            writer.object {
                $0.field("user_id", user_id)
                $0.field("admin", admin)
            }
        }
    }
}

/// One value under one name, as REST answers wrap everything: `{"room": {…}}`
nonisolated struct Wrapped<Value: JSONWritable>: JSONWritable {
    var name: String
    var value: Value

    init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }

    func write(to writer: inout JSONWriter) {
        writer.object { $0.field(name, value) }
    }
}
