import RelayControl
import Web

/// An `RTCSessionDescription` as browsers write it.
nonisolated struct SessionDescription: Decodable, JSONWritable, Equatable {
    var type: String
    var sdp: String

    static func offer(_ sdp: String) -> SessionDescription { SessionDescription(type: "offer", sdp: sdp) }
    static func answer(_ sdp: String) -> SessionDescription { SessionDescription(type: "answer", sdp: sdp) }

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("sdp", sdp)
            $0.field("type", type)
        }
    }

    /// The SDP, when this is of the type that is wanted here.
    func sdp(as wanted: String, _ field: CallFailure.Field) throws(CallFailure) -> String {
        guard type == wanted else { throw .invalid(field, "type is \"\(type.prefix(32))\", expected \"\(wanted)\"") }
        guard !sdp.isEmpty else { throw .invalid(field, "sdp is empty") }
        return sdp
    }
}

/// Which kinds a producer wants forwarded, or which are.
nonisolated struct Constraints: Decodable, JSONWritable, Equatable {
    var audio: Bool
    var video: Bool

    init(_ selection: TrackSelection) {
        audio = selection.audio
        video = selection.video
    }

    var selection: TrackSelection { TrackSelection(audio: audio, video: video) }

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("audio", audio)
            $0.field("video", video)
        }
    }
}
