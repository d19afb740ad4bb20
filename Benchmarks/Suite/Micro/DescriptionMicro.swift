import CBench
import Foundation
import Load
import RelayControl
import RelayProtocol

/// Descriptions as browsers write them: taken apart, answered, written.
struct DescriptionMicro {
    private let offer: String
    private let rounds = 200
    private static let local = LocalTransport(
        ufrag: "bench", password: "benchbenchbenchbenchbench",
        fingerprint: Array(repeating: "AB", count: 32).joined(separator: ":"),
        candidates: [HostCandidate(address: "192.0.2.1", port: 5_000)])

    /// - Parameter folder: of the recorded descriptions.
    init(folder: String) throws { offer = try Self.recorded("chromium-156-audio-video.offer.sdp", in: folder) }

    static func recorded(_ name: String, in folder: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: folder + "/" + name) else {
            throw BenchmarkError("\(folder)/\(name) cannot be read; --fixtures names the folder Tests/Fixtures/sdp")
        }
        return String(decoding: data, as: UTF8.self)
    }

    func run() throws -> [MicroRow] {
        var rows: [MicroRow] = []
        var publisher = PublisherNegotiation(sessionID: 1)
        let tracks = try publisher.answer(offer, wanted: nil, local: Self.local).tracks
        var generator = SystemRandomNumberGenerator()
        var subscriber = SubscriberNegotiation(sessionID: 2, producer: "alice") { $0 }
        let own = subscriber.offer(tracks: tracks, local: Self.local, using: &generator)
        let answer = SessionText.answer(
            to: own,
            SessionText.Local(
                ufrag: "peer", password: "peerpeerpeerpeerpeerpeer", fingerprint: Self.local.fingerprint), session: 3)

        rows.append(
            try measured("Chromium's offer of \(offer.utf8.count) bytes, answered", offer) {
                var fresh = PublisherNegotiation(sessionID: 1)
                return try fresh.answer(offer, wanted: nil, local: Self.local).answer.utf8.count
            })
        rows.append(
            try measured("an offer of \(own.utf8.count) bytes to a subscriber, written", own) {
                var fresh = SubscriberNegotiation(sessionID: 2, producer: "alice") { $0 }
                return fresh.offer(tracks: tracks, local: Self.local, using: &generator).utf8.count
            })
        rows.append(
            try measured("its answer of \(answer.utf8.count) bytes, taken", answer) {
                var open = subscriber
                return try open.accept(answer: answer).tracks.count
            })
        return rows
    }

    private func measured(_ name: String, _ text: String, _ body: () throws -> Int) throws -> MicroRow {
        let bytes = Array(text.utf8)
        return try interleaved(name, unit: .microseconds) {
            var total = 0
            let spent = try timed(rounds) { for _ in 0..<rounds { total += try body() } }
            return total > 0 ? spent : -1
        } bound: {
            cbench_copy_pieces(bytes, bytes.count, UInt8(ascii: "\n"), Int32(rounds))
        }
    }
}
