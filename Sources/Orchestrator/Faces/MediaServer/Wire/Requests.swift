import Web

// The bodies that clients send, with the document's field names. Fields that are not named here are ignored.

nonisolated struct CreateRoomBody: Decodable {
    var userId: Identifier?
    /// Any JSON value; nil only where the field is absent.
    var userInfo: JSONValue?

    private enum Key: CodingKey { case userId, userInfo }

    init() {}

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        userId = try fields.decodeIfPresent(Identifier.self, forKey: .userId)
        if fields.contains(.userInfo) { userInfo = try fields.decode(JSONValue.self, forKey: .userInfo) }
    }
}

nonisolated struct AddUserBody: Decodable {
    /// Any JSON value; nil only where the field is absent.
    var userInfo: JSONValue?

    private enum Key: CodingKey { case userInfo }

    init() {}

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        if fields.contains(.userInfo) { userInfo = try fields.decode(JSONValue.self, forKey: .userInfo) }
    }
}

nonisolated struct ProduceBody: Decodable {
    var offer: SessionDescription?
    var constraints: Constraints?
}

/// Either one answer with its producer's id, or several.
nonisolated struct ConsumeBody: Decodable {
    var id: Identifier?
    var answer: SessionDescription?
    var answers: [Item]?

    struct Item: Decodable {
        var id: Identifier
        var answer: SessionDescription
    }
}
