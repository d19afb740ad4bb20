internal import FoundationEssentials

/// A room's or a feed's name in Janus: a number, or text where the server was told to use text.
package enum JanusIdentifier: Codable, Hashable, Sendable {
    case number(UInt64)
    case text(String)

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(UInt64.self) {
            self = .number(number)
        } else {
            self = .text(try container.decode(String.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let number): try container.encode(number)
        case .text(let text): try container.encode(text)
        }
    }
}

/// What is said to Janus: the JSON of its API, and of its VideoRoom.
package struct JanusRequest: Encodable, Sendable, Equatable {
    /// A session description (JSEP): offer or answer.
    package struct Description: Codable, Sendable, Equatable {
        package var type: String
        package var sdp: String
    }

    /// One request to the VideoRoom.
    package struct Body: Encodable, Sendable, Equatable {
        /// Whose streams a subscriber wants.
        package struct Stream: Encodable, Sendable, Equatable { package var feed: JanusIdentifier }

        /// What is to be done: `create`, `join`, `publish`…
        package var request: String
        package var room: JanusIdentifier?
        /// As what to join: `publisher` or `subscriber`.
        package var ptype: String?
        /// A publisher's name for people.
        package var display: String?
        package var streams: [Stream]?
        // Of `create`.
        package var publishers: Int?
        /// Bits a second; 0: no cap.
        package var bitrate: Int?
        package var audiocodec: String?
        package var videocodec: String?
        package var isPrivate: Bool?
        package var audioLevelEvent: Bool?
        package var transportWideFeedback: Bool?
        package var notifyJoining: Bool?

        enum CodingKeys: String, CodingKey {
            case request, room, ptype, display, streams, publishers, bitrate, audiocodec, videocodec
            case isPrivate = "is_private"
            case audioLevelEvent = "audiolevel_event"
            case transportWideFeedback = "transport_wide_cc_ext"
            case notifyJoining = "notify_joining"
        }

        init(_ request: String, room: JanusIdentifier? = nil) {
            self.request = request
            self.room = room
        }

        /// A room that caps nothing and tells nobody about who talks; the server names it.
        package static func create(publishers: Int, videoCodec: String) -> Body {
            var body = Body("create")
            body.publishers = publishers
            body.bitrate = 0
            body.audiocodec = "opus"
            body.videocodec = videoCodec
            body.isPrivate = true
            body.audioLevelEvent = false
            body.transportWideFeedback = true
            body.notifyJoining = false
            return body
        }

        /// Ends the room for everybody.
        package static func destroy(_ room: JanusIdentifier) -> Body { Body("destroy", room: room) }

        /// Answered with the feed's identifier.
        package static func joinAsPublisher(_ room: JanusIdentifier, display: String) -> Body {
            var body = Body("join", room: room)
            body.ptype = "publisher"
            body.display = display
            return body
        }

        /// Answered with Janus's offer of that feed.
        package static func joinAsSubscriber(_ room: JanusIdentifier, feed: JanusIdentifier) -> Body {
            var body = Body("join", room: room)
            body.ptype = "subscriber"
            body.streams = [Stream(feed: feed)]
            return body
        }

        /// With the offer beside it.
        package static let publish = Body("publish")
        /// With the answer beside it.
        package static let start = Body("start")
    }

    /// The kind of request.
    package var janus: String
    /// Comes back with what answers this request.
    package var transaction: String
    /// Of `attach`.
    package var plugin: String?
    /// Of `message`: what the plugin is asked, and the description beside it.
    package var body: Body?
    package var jsep: Description?

    /// Answered with the session's number.
    package static func createSession(_ transaction: String) -> JanusRequest {
        JanusRequest(janus: "create", transaction: transaction)
    }
    /// Says that somebody is still there.
    package static func keepAlive(_ transaction: String) -> JanusRequest {
        JanusRequest(janus: "keepalive", transaction: transaction)
    }
    /// A new handle of the VideoRoom; answered with its number.
    package static func attach(_ transaction: String) -> JanusRequest {
        JanusRequest(janus: "attach", transaction: transaction, plugin: "janus.plugin.videoroom")
    }
    /// Ends a handle, and its media with it.
    package static func detach(_ transaction: String) -> JanusRequest {
        JanusRequest(janus: "detach", transaction: transaction)
    }
    /// Ends a session and all its handles.
    package static func destroySession(_ transaction: String) -> JanusRequest {
        JanusRequest(janus: "destroy", transaction: transaction)
    }
    /// A request to the VideoRoom.
    package static func message(_ transaction: String, _ body: Body, _ jsep: Description? = nil) -> JanusRequest {
        JanusRequest(janus: "message", transaction: transaction, body: body, jsep: jsep)
    }

    /// As it is sent. Throws `.server` where it cannot be written, which a request made above cannot.
    package func json() throws(LoadError) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(self))
        } catch {
            throw .server("a request to Janus cannot be written: \(error)")
        }
    }
}

/// What Janus says.
package struct JanusResponse: Decodable, Sendable {
    /// Why Janus itself, not the plugin, refused.
    package struct Failure: Decodable, Sendable {
        package var code: Int?
        package var reason: String?
    }
    /// The number of a new session or handle.
    package struct Created: Decodable, Sendable { package var id: UInt64 }
    /// What the plugin says.
    package struct PluginData: Decodable, Sendable { package var data: VideoRoom? }
    /// What is read of the VideoRoom's answers.
    package struct VideoRoom: Decodable, Sendable {
        /// In the answer to `create`: the new room.
        package var room: JanusIdentifier?
        /// In the answer to a publisher's `join`: its feed.
        package var id: JanusIdentifier?
        /// With `error`, which says the same in words.
        package var errorCode: Int?
        package var error: String?

        enum CodingKeys: String, CodingKey {
            case room, id, error
            case errorCode = "error_code"
        }
    }

    /// The kind of message: `success`, `ack`, `event`, `error`, `webrtcup`…
    package var janus: String
    /// That of the request which this answers.
    package var transaction: String?
    /// The handle that an event is about.
    package var sender: UInt64?
    package var data: Created?
    package var plugindata: PluginData?
    package var jsep: JanusRequest.Description?
    package var error: Failure?

    /// - Parameter json: one message.
    package init(_ json: [UInt8]) throws(LoadError) {
        do {
            self = try JSONDecoder().decode(JanusResponse.self, from: Data(json))
        } catch {
            throw .server("Janus said what its API does not know: \(error)")
        }
    }

    /// - Parameter json: an array of messages, as a long poll answers.
    package static func list(_ json: [UInt8]) throws(LoadError) -> [JanusResponse] {
        do {
            return try JSONDecoder().decode([JanusResponse].self, from: Data(json))
        } catch {
            throw .server("Janus said what its API does not know: \(error)")
        }
    }

    /// Only says that the answer comes later.
    package var isAcknowledgement: Bool { janus == "ack" }

    /// What went wrong, in Janus's words; nil where nothing did.
    package var refusal: String? {
        if janus == "error" { return "\(error?.reason ?? "an error without a reason") (\(error?.code ?? 0))" }
        guard let data = plugindata?.data, data.error != nil || data.errorCode != nil else { return nil }
        return "\(data.error ?? "an error without a reason") (\(data.errorCode ?? 0))"
    }
}
