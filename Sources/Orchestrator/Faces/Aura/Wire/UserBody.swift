import Web

/// `{"user": {…}}`, as it is sent to make or to change a user. Fields that are not named here are ignored.
nonisolated struct UserBody: Decodable {
    var user: Fields

    nonisolated struct Fields: Decodable {
        /// Only when a user is made; one is made up where it is missing.
        var uuid: Identifier?
        var username: String
        var password: Given<String>
        var `extension`: Identifier?
        var display_name: String?
        var devices: [Device]

        private enum Key: CodingKey { case uuid, username, password, `extension`, display_name, devices }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            uuid = try fields.decodeIfPresent(Identifier.self, forKey: .uuid)
            username = try fields.decode(String.self, forKey: .username)
            password = try fields.decodeGiven(String.self, forKey: .password)
            `extension` = try fields.decodeIfPresent(Identifier.self, forKey: .extension)
            display_name = try fields.decodeIfPresent(String.self, forKey: .display_name)
            devices = try fields.decodeIfPresent([Device].self, forKey: .devices) ?? []
        }
    }

    nonisolated struct Device: Decodable {
        var device: String
        /// Without one, a device that the user has keeps its own.
        var device_token: String?
    }
}

/// A user as it is answered: without whatever proves who it is.
nonisolated struct UserItem: JSONWritable {
    var uuid: String
    var username: String
    var `extension`: String?
    var display_name: String
    /// Their names.
    var devices: [String]

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("uuid", uuid)
            $0.field("username", username)
            $0.field("extension", orNull: `extension`)
            $0.field("display_name", display_name)
            $0.field("devices", devices.map { Wrapped("device", $0) })
        }
    }
}
