/// The shape of a browser's video stream: frame sizes and the packets they are cut into, the same in every run.
package struct VideoTrace: Sendable {
    package struct Frame: Sendable {
        package var size: Int
        package var isKeyframe: Bool
    }

    package let kilobits: Int
    package let framesPerSecond: Int
    /// Largest payload behind header (28 bytes) and VP8 descriptor (4), so that a packet is at most 1200 bytes, as libwebrtc's are.
    package static let maximumPayload = 1200 - 28 - 4

    package let frames: [Frame]

    /// Ten seconds: one keyframe of five frames' size, the others within 30 % of their mean.
    package init(kilobits: Int, framesPerSecond: Int = 30) {
        self.kilobits = kilobits
        self.framesPerSecond = framesPerSecond
        let count = 10 * framesPerSecond
        let mean = kilobits * 1000 / 8 / framesPerSecond
        let key = mean * 5
        let delta = (mean * count - key) / (count - 1)
        var state: UInt64 = 1
        frames = (0..<count).map { index in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let share = Int(state >> 33) % 601 + 700
            return Frame(size: index == 0 ? key : delta * share / 1000, isKeyframe: index == 0)
        }
    }

    /// As libwebrtc splits: as few packets as possible, differing by at most one byte, the larger ones last.
    package static func split(_ size: Int) -> [Int] {
        let count = max(1, (size + maximumPayload - 1) / maximumPayload)
        let larger = size % count
        return (0..<count).map { size / count + ($0 >= count - larger ? 1 : 0) }
    }

    /// The layers of a browser's simulcast, the smallest first: their rids, and the kbit/s that libwebrtc aims at for 320×180,
    /// 640×360 and 1280×720.
    package static let simulcastLayers = [
        (rid: "q", kilobits: 150), (rid: "h", kilobits: 500), (rid: "f", kilobits: 2_500),
    ]

    /// A bitrate divided among the layers of simulcast, the smallest first.
    package static func simulcast(kilobits: Int, framesPerSecond: Int) -> [VideoTrace] {
        let sum = simulcastLayers.reduce(0) { $0 + $1.kilobits }
        return simulcastLayers.map {
            VideoTrace(kilobits: max(1, kilobits * $0.kilobits / sum), framesPerSecond: framesPerSecond)
        }
    }
}
