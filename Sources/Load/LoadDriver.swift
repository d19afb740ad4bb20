/// The kinds of servers that can be loaded: media is the same, how it is asked for differs.
package enum LoadDriver: String, CaseIterable, Sendable {
    /// The mediaserver API.
    case switchyard
    /// Janus's VideoRoom, by its HTTP API.
    case janus

    /// The server's API where nothing else was said.
    package var defaultTarget: String {
        switch self {
        case .switchyard: "http://127.0.0.1:8080"
        case .janus: "http://127.0.0.1:8088/janus"
        }
    }

    /// Whether the target's URL says where at the server the API is.
    var hasPath: Bool { self == .janus }

    /// Whether offers of a publisher can be had only once its connection is made.
    var announcesPublishers: Bool {
        switch self {
        case .switchyard: false
        case .janus: true
        }
    }

    /// What our descriptions must say so that we are the DTLS client.
    var offeredSetup: SessionText.Setup {
        switch self {
        case .switchyard: .actpass
        case .janus: .active
        }
    }

    func connect(to target: LoadTarget, key: String?, codec: VideoCodec) throws(LoadError) -> any Signalling {
        switch self {
        case .switchyard: try MediaServerAPI(to: target, key: key)
        case .janus: try JanusVideoRoom(JanusSession(to: target, key: key), videoCodec: codec.rawValue)
        }
    }
}
