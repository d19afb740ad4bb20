@testable import RelayMixing
import Foundation
import Testing

/// G.711, and the way between its 8 kHz and the mix's 48.
@Suite struct TelephoneTests {
    @Test func everyByteComesBackAsItIs() {
        for byte in UInt8.min...UInt8.max {
            // Mu-law has two zeros.
            if byte != 0x7f { #expect(G711.encodeMu(G711.decodeMu(byte)) == byte) }
            #expect(G711.encodeA(G711.decodeA(byte)) == byte)
        }
    }

    /// The recommendation's tables 1a and 2a, in 16 bits.
    @Test func theSegmentsAreTheRecommendations() {
        #expect(G711.decodeMu(0xff) == 0 && G711.decodeMu(0x7f) == 0)
        #expect(G711.decodeMu(0x80) == 32_124 && G711.decodeMu(0x00) == -32_124)
        #expect(G711.decodeMu(0xf0) == 120 && G711.decodeMu(0xef) == 132)
        #expect(G711.decodeA(0xd5) == 8 && G711.decodeA(0x55) == -8)
        #expect(G711.decodeA(0xaa) == 32_256 && G711.decodeA(0x2a) == -32_256)
    }

    @Test func everySampleIsNearItsByte() {
        for sample in stride(from: -32_768, through: 32_767, by: 7) {
            let step = max(16, abs(sample) / 16)
            #expect(abs(G711.decodeMu(G711.encodeMu(sample)) - sample) <= step + 700 * (abs(sample) / 32_000))
            #expect(abs(G711.decodeA(G711.encodeA(sample)) - sample) <= step + 700 * (abs(sample) / 32_000))
        }
        #expect(G711.encodeMu(1_000_000) == 0x80 && G711.encodeMu(-1_000_000) == 0x00)
        #expect(G711.encodeA(1_000_000) == 0xaa && G711.encodeA(-1_000_000) == 0x2a)
    }

    @Test func theWayUpKeepsVoicesAndAddsNoImages() {
        var rate = TelephoneRate(up: true, longest: 160)
        let out = Samples.zeros(960)
        defer { out.deallocate() }
        var all: [Float] = []
        for frame in 0..<50 {
            rate.raise(160, to: out) { at in 0.5 * Float(sin(2 * Double.pi * 1_000 * Double(frame * 160 + at) / 8_000))
            }
            all += Array(out)
        }
        #expect(abs(goertzel(all[4_800...], 1_000) - 0.5) < 0.01)
        for image in [7_000.0, 9_000, 15_000, 17_000] { #expect(goertzel(all[4_800...], image) < 0.001) }
    }

    @Test func theWayDownKeepsVoicesAndFoldsNothing() {
        var rate = TelephoneRate(up: false, longest: 960)
        let samples = Samples.zeros(960)
        defer { samples.deallocate() }
        var all: [Float] = []
        for frame in 0..<100 {
            for at in 0..<960 {
                samples[at] = tone(1_000, 0.4)(frame * 960 + at, 0) + tone(7_300, 0.4)(frame * 960 + at, 0)
            }
            rate.lower(samples) { all.append($1) }
        }
        #expect(all.count == 16_000)
        // By its own clock the low rate's tones are six times as high.
        #expect(abs(goertzel(all[800...], 6_000) - 0.4) < 0.01)
        #expect(goertzel(all[800...], 4_200) < 0.001)
    }

    @Test(arguments: [MixCodec.pcmu, .pcma]) func telephonesHearAndAreHeard(_ codec: MixCodec) {
        let simulation = Simulation()
        let telephone = Voice(1, hertz: 600)
        telephone.clockScale = 6
        telephone.encode = { samples in
            stride(from: 0, to: samples.count, by: 6).map {
                let sample = Int(samples[$0] * 32_767)
                return codec == .pcmu ? G711.encodeMu(sample) : G711.encodeA(sample)
            }
        }
        simulation.add(telephone, codec: codec)
        simulation.add(Voice(2, hertz: 1_000))
        let ear = simulation.listen(2, of: MixOwner(2))
        var heard: [Float] = []
        var timestamps: [UInt32] = []
        simulation.mix.addListener(MixListenerID(9), of: telephone.owner, codec: codec)
        simulation.ear(MixListenerID(9)) { frame in
            #expect(frame.payload.count == 160 && frame.codec == codec)
            timestamps.append(frame.timestamp)
            for byte in frame.payload {
                heard.append(Float(codec == .pcmu ? G711.decodeMu(byte) : G711.decodeA(byte)) / 32_768)
            }
        }
        simulation.run(milliseconds: 4_000)
        #expect(abs(ear.decibels(600, 1..<3.8) - -12) < 1)
        #expect(timestamps == (0..<200).map { UInt32($0 * 160) })
        let steady = heard[16_000...]
        #expect(abs(goertzel(steady, 6_000) - 0.25) < 0.02)
        #expect(goertzel(steady, 3_600) < 0.0025)
    }

    @Test func concealmentGoesOnWithTheToneAndEnds() {
        var concealment = Concealment()
        let frame = Samples.zeros(960)
        defer { frame.deallocate() }
        for number in 0..<3 {
            for at in 0..<960 { frame[at] = tone(200, 0.5)(number * 960 + at, 0) }
            concealment.heard(frame)
        }
        var made: [Float] = []
        for _ in 0..<7 {
            concealment.continue(to: frame)
            made += Array(frame)
        }
        for at in 0..<960 {
            let expected = tone(200, 0.5)(2_880 + at, 0) * (1 - Float(at) / 4_800)
            #expect(abs(made[at] - expected) < 0.02)
        }
        #expect(made[4_800...].allSatisfy { $0 == 0 })
    }
}
