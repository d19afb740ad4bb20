import RelayProtocol
import TestSupport

/// Simulcast in three versions, as browsers make it of a camera.
let camera = simulcast([150, 500, 1_700])

/// Encodings of doubling size, the lowest 320 × 180 and number 0, at these kbit/s.
func simulcast(_ rates: [Int64]) -> LayerLadder {
    LayerLadder(
        rates.enumerated().map { index, rate in
            LayerStep(
                LayerChoice(encoding: UInt8(index)), rate: .kilobitsPerSecond(rate), width: UInt16(320 << index),
                height: UInt16(180 << index))
        })
}

/// Every rate times `factor`.
func scaled(_ ladder: LayerLadder, by factor: Double) -> LayerLadder {
    LayerLadder(
        ladder.steps.map { step in
            var step = step
            step.rate = step.rate * factor
            return step
        }, after: ladder)
}

extension Instant {
    init(milliseconds: Int) { self = .zero + .milliseconds(Int64(milliseconds)) }
}

/// What an allocator that knows nothing of before gives, as positions on each video's ladder; nil: not sent.
func division(of kilobits: Int64, among videos: [VideoDemand]) -> [Int?] {
    var allocator = LayerAllocator()
    let choices = allocator.allocate(.kilobitsPerSecond(kilobits), videos: videos, at: .zero)
    return zip(videos, choices).map { video, choice in
        choice.flatMap { choice in video.ladder.steps.firstIndex { $0.choice == choice } }
    }
}

/// A subscriber on simulated time: its allocator is asked every 100 ms, and what it says is done at once.
struct AllocatedVideos {
    struct Switch {
        var at: Int
        var video: Int
        var to: Int?
    }

    var allocator = LayerAllocator()
    var videos: [VideoDemand]
    private(set) var milliseconds = 0
    private(set) var switches: [Switch] = []

    init(_ ladders: [LayerLadder]) {
        videos = ladders.enumerated().map { VideoDemand(id: UInt64($0), ladder: $1) }
    }

    /// Positions on the ladders; nil: not sent.
    var positions: [Int?] {
        videos.map { video in video.current.flatMap { now in video.ladder.steps.firstIndex { $0.choice == now } } }
    }

    var spent: Double {
        zip(videos, positions).reduce(0) { $0 + ($1.1.map($1.0.ladder.steps.rate(at:)) ?? 0) }
    }

    /// Goes on for so long with a budget in kbit/s that may depend on the time in milliseconds.
    mutating func run(
        milliseconds span: Int, each: (inout AllocatedVideos) -> Void = { _ in }, budget: (Int) -> Double
    ) {
        for _ in 0..<span / 100 {
            each(&self)
            let rate = DataRate(bitsPerSecond: budget(milliseconds) * 1_000)
            let choices = allocator.allocate(rate, videos: videos, at: Instant(milliseconds: milliseconds))
            for (index, choice) in choices.enumerated() where choice != videos[index].current {
                videos[index].current = choice
                switches.append(Switch(at: milliseconds, video: index, to: positions[index]))
            }
            milliseconds += 100
        }
    }

    mutating func run(milliseconds span: Int, budget: Double) { run(milliseconds: span) { _ in budget } }

    /// When the video came to `position` for the first time from `start` on; nil: never.
    func time(of position: Int?, video: Int = 0, from start: Int = 0) -> Int? {
        switches.first { $0.video == video && $0.at >= start && $0.to == position }?.at
    }

    func switches(from start: Int) -> Int { switches.count { $0.at >= start } }
}

extension [LayerStep] {
    /// kbit/s.
    func rate(at position: Int) -> Double { self[position].rate.kilobitsPerSecond }
}
