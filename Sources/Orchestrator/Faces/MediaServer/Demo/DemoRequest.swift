import Web

/// What a page sends; `type` says which of the other fields count.
///
///     {"type":"join","room","name"}                 enter a room, which is made when it is missing
///     {"type":"produce","offer"?,"constraints"?}    start, renegotiate, or (constraints alone) mute
///     {"type":"consume","id","answer"}              answer the offer of that producer
///     {"type":"offer","id"}                         ask for a fresh offer of that producer
///     {"type":"prefer","id","preference"}           what is wanted of that producer's video: the body of the REST call
///     {"type":"statistics"}                         ask for one's connections in numbers
///     {"type":"unproduce"}                          stop sending
///     {"type":"leave"}                              go
nonisolated struct DemoRequest: Decodable {
    enum Kind: String, Decodable, CaseIterable {
        case join, produce, consume, offer, prefer, statistics, unproduce, leave
    }

    var type: String
    var room: Identifier?
    var name: String?
    var offer: SessionDescription?
    var constraints: Constraints?
    var id: Identifier?
    var answer: SessionDescription?
    var preference: JSONValue?

    /// As much of a message as says what was asked, for the error when the rest cannot be read.
    struct Outline: Decodable {
        var type: String?
        var id: String?

        private enum Key: CodingKey { case type, id }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            type = try? fields.decode(String.self, forKey: .type)
            id = try? fields.decode(Identifier.self, forKey: .id).text
        }
    }
}
