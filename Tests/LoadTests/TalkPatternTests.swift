import Testing

@testable import Load

@Suite struct TalkPatternTests {
    private func minute(isDiscontinuous: Bool, seed: UInt64 = 5) -> [TalkPattern.Frame] {
        var pattern = TalkPattern(isDiscontinuous: isDiscontinuous, seed: seed)
        return (0..<3_000).map { _ in pattern.next() }
    }

    @Test func withoutDiscontinuityEveryFrameIsSpeech() {
        let frames = minute(isDiscontinuous: false)
        #expect(frames.allSatisfy { $0.kind == .speech && $0.level & 0x80 != 0 })
        #expect(frames.filter(\.marker).count == 1 && frames[0].marker)
    }

    @Test func pausesSendEvery400Milliseconds() {
        let frames = minute(isDiscontinuous: true)
        let comfort = frames.indices.filter { frames[$0].kind == .comfortNoise }
        #expect(comfort.count > 20)
        for (one, next) in zip(comfort, comfort.dropFirst()) {
            let between = frames[(one + 1)..<next]
            if between.contains(where: { $0.kind == .speech }) { continue }
            #expect(next - one == 20)
        }
    }

    @Test func aSpurtBeginsWithTheMarkerAndOnlySpeechIsVoice() {
        let frames = minute(isDiscontinuous: true)
        var wasSilent = true
        for frame in frames {
            let isVoice = frame.level & 0x80 != 0
            #expect(frame.marker == (isVoice && wasSilent))
            if isVoice { #expect(frame.kind == .speech && (18...48).contains(frame.level & 0x7f)) }
            if frame.kind != .speech { wasSilent = true } else if isVoice { wasSilent = false }
        }
    }

    @Test func theSeedDecides() {
        #expect(minute(isDiscontinuous: true) == minute(isDiscontinuous: true))
        #expect(minute(isDiscontinuous: true) != minute(isDiscontinuous: true, seed: 6))
    }

    @Test(arguments: [0.0, 5, 50, 100])
    func asMuchIsLostAsWasAskedForAndTheSameEachTime(percent: Double) {
        var loss = SimulatedLoss(percent: percent, seed: 3)
        var again = SimulatedLoss(percent: percent, seed: 3)
        let lost = (0..<20_000).filter { _ in loss.hits() }.count
        #expect(abs(Double(lost) / 200 - percent) < 1)
        #expect((0..<20_000).filter { _ in again.hits() }.count == lost)
    }
}
