import RelayControl
import Web

/// A track of a peer connection in numbers.
nonisolated struct TrackRow: JSONWritable {
    private let track: TrackStatistics
    /// Going out to a subscriber, or coming in from a publisher.
    private let isConsumed: Bool

    init(_ track: TrackStatistics, isConsumed: Bool) {
        self.track = track
        self.isConsumed = isConsumed
    }

    func write(to writer: inout JSONWriter) {
        writer.object { fields in
            fields.field("bitrate", track.bitrate)
            fields.field("codec", track.codec)
            if track.kind == .video, isConsumed {
                fields.field("freezes_avoided", track.freezesAvoided)
                fields.field("held_back", track.isHeldBack)
            }
            fields.field("jitter_ms", orNull: track.jitterMilliseconds?.rounded(to: 100))
            if track.kind == .video { fields.field("keyframes_requested", track.keyframesRequested) }
            fields.field("kind", track.kind.rawValue)
            if track.kind == .video {
                if isConsumed {
                    fields.field("layer", orNull: track.layer.map { LayerRow(layer: $0) })
                    fields.field("layer_changes", track.layerChanges)
                } else {
                    fields.field("layers", track.layers.map { LayerRow(layer: $0) })
                }
            }
            fields.field("lost", track.lost)
            fields.field("mid", track.mid)
            fields.field("packets", track.packets)
            if track.kind == .video, isConsumed {
                fields.field("packets_held_back", track.packetsHeldBack)
                fields.field("paused", track.isPaused)
            }
            fields.field("retransmissions", track.retransmissions)
            fields.field("rtt_ms", orNull: track.roundTripMilliseconds?.rounded(to: 100))
            if track.kind == .video, isConsumed {
                fields.field("target", orNull: track.target.map { LayerRow(layer: $0) })
            }
        }
    }
}

nonisolated struct LayerRow: JSONWritable {
    var layer: LayerReport

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("bitrate", layer.bitrate)
            $0.field("encoding", layer.encoding)
            $0.field("fps", orNull: layer.framesPerSecond?.rounded(to: 10))
            $0.field("height", orNull: layer.height)
            $0.field("rid", orNull: layer.rid.isEmpty ? nil : layer.rid)
            $0.field("spatial", layer.spatial)
            $0.field("temporal", layer.temporal)
            $0.field("width", orNull: layer.width)
        }
    }
}

extension Double {
    /// The nearest multiple of the fraction.
    nonisolated fileprivate func rounded(to fraction: Double) -> Double { (self * fraction).rounded() / fraction }
}
