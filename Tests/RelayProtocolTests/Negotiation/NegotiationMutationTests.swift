import RelayControl
import RelayProtocol
import Testing

/// Real descriptions, damaged at random (the same in every run): whatever comes, there is an answer or an error.
@Suite struct NegotiationMutationTests {
    /// One to four damages: bytes flipped, cut or doubled; lines dropped, doubled, swapped, taken from another
    /// description; numbers made extreme.
    private func damage(_ text: String, other: String, _ generator: inout SeededGenerator) -> String {
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        let foreign = other.split(separator: "\r\n").map(String.init)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            guard !lines.isEmpty else { break }
            let index = lines.indices.randomElement(using: &generator) ?? 0
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: lines.remove(at: index)
            case 1: lines.insert(lines[index], at: index)
            case 2: lines.swapAt(index, lines.indices.randomElement(using: &generator) ?? 0)
            case 3: lines.insert(foreign.randomElement(using: &generator) ?? "", at: index)
            case 4: lines[index] = flipped(lines[index], &generator)
            case 5:
                lines[index] = String(lines[index].prefix(Int.random(in: 0...lines[index].count, using: &generator)))
            case 6: lines[index] = extreme(lines[index], &generator)
            default: lines.removeLast(Int.random(in: 0...lines.count, using: &generator))
            }
        }
        return lines.joined(separator: "\r\n")
    }

    private func flipped(_ line: String, _ generator: inout SeededGenerator) -> String {
        var bytes = Array(line.utf8)
        guard let index = bytes.indices.randomElement(using: &generator) else { return line }
        bytes[index] = UInt8.random(in: 0...255, using: &generator)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func extreme(_ line: String, _ generator: inout SeededGenerator) -> String {
        let numbers = ["0", "-1", "65536", "4294967296", "18446744073709551616", "255", "", "+5", "١"]
        var fields = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard let index = fields.indices.randomElement(using: &generator) else { return line }
        fields[index] = numbers.randomElement(using: &generator) ?? ""
        return fields.joined(separator: " ")
    }

    @Test func survivesDamagedOffers() throws {
        var generator = SeededGenerator(state: 1)
        var answered = 0
        var refused = 0
        for round in 0..<1500 {
            let fixture = Fixture.offers[round % Fixture.offers.count]
            let other = try #require(Fixture.all.randomElement(using: &generator))
            let text = damage(fixture.text, other: other.text, &generator)
            var negotiation = PublisherNegotiation(sessionID: 5)
            if round % 2 == 0 { _ = try? negotiation.answer(fixture.text, wanted: nil, local: .numbered(1)) }
            let before = negotiation.remote
            do throws(NegotiationError) {
                let result = try negotiation.answer(text, wanted: nil, local: .numbered(2))
                #expect(throws: Never.self) { try result.description }
                answered += 1
            } catch {
                #expect(negotiation.remote == before)
                refused += 1
            }
            _ = try? negotiation.continues(with: text)
        }
        #expect(answered > 250)
        #expect(refused > 150)
    }

    @Test func survivesDamagedAnswers() throws {
        var generator = SeededGenerator(state: 2)
        let published = try tracks(of: "chromium-156-audio-video.offer")
        let answers = Fixture.answers.filter { $0.name.contains("-of-chromium") }
        var taken = 0
        var refused = 0
        for round in 0..<1000 {
            let fixture = answers[round % answers.count]
            let other = try #require(Fixture.all.randomElement(using: &generator))
            let text = damage(fixture.text, other: other.text, &generator)
            var subscription = Subscription()
            _ = try subscription.offer(published)
            do throws(NegotiationError) {
                let result = try subscription.negotiation.accept(answer: text)
                #expect(result.tracks.count + result.refused.count <= 2)
                _ = try? subscription.offer(published)
                taken += 1
            } catch {
                #expect(subscription.negotiation.isOpen)
                refused += 1
            }
        }
        #expect(taken > 150)
        #expect(refused > 150)
    }

    @Test(.timeLimit(.minutes(1))) func readsTheLargestDescriptionsFast() throws {
        let lines = [
            "a=ssrc:%d cname:x\r\n", "a=extmap:%d urn:x\r\n", "a=rtpmap:%d x/1\r\n", "a=mid:%d\r\n", "a=sendonly\r\n",
            "a=group:BUNDLE %d\r\n", "x=\r\n", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
            "a=ssrc-group:FID %d 1\r\n", "a=candidate:%d\r\n", "a=fingerprint:sha-256 %d\r\n",
        ]
        for line in lines {
            var text = SmallOffer.text.replacing("\n", with: "\r\n")
            var number = 1
            while text.utf8.count < 256 * 1024 - 64 {
                text += line.replacing("%d", with: String(number))
                number += 1
            }
            var negotiation = PublisherNegotiation(sessionID: 5)
            _ = try? negotiation.answer(text, wanted: nil, local: .numbered(1))
        }
    }
}
