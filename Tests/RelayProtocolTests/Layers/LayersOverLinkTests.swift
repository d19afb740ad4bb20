import RelayProtocol
import Testing

/// Estimator, pacer and allocator together over a simulated link; rates in kbit/s, times in milliseconds.
struct LayersOverLinkTests {
    /// A subscriber of some simulcast videos, each on its own transport. A layer is there a tenth of a second after it was chosen:
    /// its keyframe has to be asked for.
    private final class Call {
        private static let keyframeSpan = 100

        let subscriber: SimulatedSubscriber
        private var allocator = LayerAllocator()
        private var videos: [VideoDemand] = []
        private var sent: [LayerChoice?] = []
        private var changedAt: [Int] = []
        private(set) var switches: [(at: Int, video: Int, to: Int?)] = []

        init(over link: SimulatedLink, videos count: Int, seed: UInt64) {
            subscriber = SimulatedSubscriber(over: link, seed: seed)
            for index in 0..<count {
                videos.append(VideoDemand(id: UInt64(index), ladder: camera))
                sent.append(nil)
                changedAt.append(0)
                subscriber.add(.chosen { [unowned self] in rate(index) })
            }
        }

        private func rate(_ video: Int) -> DataRate {
            sent[video].flatMap { choice in camera.steps.first { $0.choice == choice }?.rate } ?? .zero
        }

        private func position(_ choice: LayerChoice?) -> Int? { camera.steps.firstIndex { $0.choice == choice } }

        func positions(at time: Int) -> [Int?] {
            videos.indices.map { video in switches.last { $0.video == video && $0.at <= time }?.to }
        }

        func step(_ millisecond: Int64) {
            let time = Int(millisecond)
            if time % 100 == 0 { allocate(time) }
            for index in videos.indices where videos[index].isChanging {
                guard time - changedAt[index] >= Self.keyframeSpan else { continue }
                videos[index].isChanging = false
                sent[index] = videos[index].current
                switches.append((time, index, position(sent[index])))
            }
        }

        private func allocate(_ time: Int) {
            let audio = DataRate.kilobitsPerSecond(40 * Int64(videos.count))
            let budget = subscriber.estimator.estimate - audio
            let choices = allocator.allocate(budget, videos: videos, at: Instant(milliseconds: time))
            subscriber.estimator.wanted = allocator.wanted + audio
            for (index, choice) in choices.enumerated() where choice != videos[index].current {
                videos[index].current = choice
                videos[index].isChanging = choice != nil
                changedAt[index] = time
                if choice == nil { sent[index] = nil }
            }
        }

        func time(of position: Int, video: Int = 0, from start: Int) -> Int? {
            switches.first { $0.at >= start && $0.video == video && $0.to == position }.map { $0.at - start }
        }

        func switches(_ range: Range<Int>) -> Int { switches.count { range.contains($0.at) } }
    }

    private func run(_ call: Call, seconds: Int64) { simulate([call.subscriber], seconds: seconds) { call.step($0) } }

    @Test(arguments: 1...5 as ClosedRange<UInt64>, [25, 75] as [Int64])
    func theLowerLayerComesSoonAfterADropAndTheBestSoonAfterItsEnd(_ seed: UInt64, _ delay: Int64) {
        var conditions = SimulatedLink.Conditions(.megabitsPerSecond(3))
        conditions.rates += [
            (.zero + .seconds(20), .kilobitsPerSecond(500)), (.zero + .seconds(40), .megabitsPerSecond(3)),
        ]
        conditions.delay = .milliseconds(delay)
        let call = Call(over: SimulatedLink(conditions, seed: seed), videos: 1, seed: seed)
        call.subscriber.returnDelay = .milliseconds(delay)
        run(call, seconds: 60)
        #expect(call.time(of: 2, from: 0) ?? .max < 4_000)
        #expect(call.positions(at: 20_000) == [2])
        #expect(call.time(of: 0, from: 20_000) ?? .max < 2_000)
        #expect(call.positions(at: 40_000) == [0])
        #expect(call.time(of: 2, from: 40_000) ?? .max < 12_000)
        #expect(call.positions(at: 60_000) == [2])
        // At the start one or two steps, one down, one or two up again; and two that nobody needed.
        #expect(call.switches(0..<20_000) <= 4)
        #expect(call.switches(20_000..<60_000) <= 5)
    }

    @Test(arguments: [400, 800, 2_500] as [Int64])
    func onASteadyLinkNothingChangesAfterTheStart(_ capacity: Int64) {
        let call = Call(over: SimulatedLink(.init(.kilobitsPerSecond(capacity)), seed: 3), videos: 1, seed: 3)
        run(call, seconds: 60)
        #expect(call.positions(at: 60_000) == [capacity < 600 ? 0 : capacity < 2_000 ? 1 : 2])
        #expect(call.switches(10_000..<60_000) <= 2)
    }

    @Test func fourVideosShareALink() {
        let call = Call(over: SimulatedLink(.init(.megabitsPerSecond(3)), seed: 5), videos: 4, seed: 5)
        run(call, seconds: 60)
        #expect(call.positions(at: 60_000) == [1, 1, 1, 1])
        #expect(call.switches(15_000..<60_000) <= 4)
        #expect(call.subscriber.link.queueing95(from: 5, to: 60) < 150)
    }
}
