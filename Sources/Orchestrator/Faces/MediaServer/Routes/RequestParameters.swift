import RelayControl
import RoomModel
import Web

// What the routes take out of a request.
extension Request {
    func room() throws(CallFailure) -> RoomID {
        RoomID(try Identifier.check(parameters["room_id"] ?? "", .room))
    }

    func user() throws(CallFailure) -> ParticipantID {
        ParticipantID(try Identifier.check(parameters["user_id"] ?? "", .user))
    }

    func producer() throws(CallFailure) -> ParticipantID {
        ParticipantID(try Identifier.check(parameters["producer_id"] ?? "", .id))
    }
}

extension Participant {
    static let maximumUserInfoBytes = 16 << 10

    /// - Parameter userInfo: nil means `{}`.
    init(id: ParticipantID, userInfo: JSONValue?, isAttended: Bool = false) throws(CallFailure) {
        var text = "{}"
        if let userInfo {
            guard let json = try? RawJSON(encoding: userInfo) else {
                throw .invalid(.userInfo, "cannot be written as JSON")
            }
            text = json.text
        }
        guard text.utf8.count <= Self.maximumUserInfoBytes else {
            throw .tooLarge(.userInfo, "is larger than \(Self.maximumUserInfoBytes) bytes")
        }
        self.init(id: id, userInfo: text, isAttended: isAttended)
    }
}
