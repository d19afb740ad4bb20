import Testing

@testable import Secrets

struct SignedTokenTests {
    private let key = SecretKey.random()
    private var tokens: SignedToken { SignedToken(key: key) }
    private let claim = SignedToken.Claim(
        room: "standup", call: "c1", user: "u1", name: "Änne", isAdmin: true, purpose: "member", now: 1_700_000_000.125,
        lifetime: 60)

    @Test func saysWhatItWasGiven() throws {
        let text = try tokens.text(claim)
        #expect(try tokens.claim(text, purpose: "member", at: 1_700_000_000) == claim)
        // A server that starts again with the same key.
        #expect(try SignedToken(key: key).claim(text, purpose: "member", at: 1_700_000_059) == claim)
        let safe = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        #expect(text.allSatisfy { safe.contains($0) })
    }

    @Test func sparesWhoHasNoAccountAUser() throws {
        var claim = claim
        claim.user = nil
        claim.isAdmin = false
        claim.room = "Räume/🚪"
        claim.call = ""
        #expect(try tokens.claim(tokens.text(claim), purpose: "member", at: 0) == claim)
    }

    @Test func expires() throws {
        let text = try tokens.text(claim)
        #expect(throws: TokenError.expired(at: 1_700_000_060.125)) {
            try tokens.claim(text, purpose: "member", at: 1_700_000_060.125)
        }
        #expect(try tokens.claim(text, purpose: "member", at: 1_700_000_060.124) == claim)
    }

    @Test func isForOnePurposeOnly() throws {
        let text = try tokens.text(claim)
        #expect(throws: TokenError.otherPurpose("member")) { try tokens.claim(text, purpose: "invitation", at: 0) }
    }

    @Test func isForeignUnderAnotherKey() throws {
        let text = try SignedToken(key: .random()).text(claim)
        #expect(throws: TokenError.foreign) { try tokens.claim(text, purpose: "member", at: 0) }
    }

    @Test func noticesEveryChangedBit() throws {
        let bytes = try #require(Base64URL.bytes(try tokens.text(claim)))
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << (bit % 8)
            let expected: TokenError = bit < 8 ? .garbled : .foreign
            #expect(throws: expected) { try tokens.claim(Base64URL.text(changed), purpose: "member", at: 0) }
        }
    }

    @Test func refusesEveryTruncation() throws {
        let text = try tokens.text(claim)
        for count in 0..<text.count {
            #expect(throws: TokenError.self) {
                try tokens.claim(String(text.prefix(count)), purpose: "member", at: 0)
            }
        }
    }

    @Test(arguments: ["", "!", "=", "a", "Zm9v", "ä", "AAAA AAAA", String(repeating: "A", count: 100_000), "\0"])
    func isNotEveryText(_ text: String) {
        #expect(throws: TokenError.garbled) { try tokens.claim(text, purpose: "member", at: 0) }
    }

    @Test func twoAlikeDiffer() throws {
        func text() throws -> String {
            try tokens.text(.init(room: "r", call: "c", purpose: "member", now: 0, lifetime: 1))
        }
        #expect(try text() != text())
    }

    @Test func doesNotSayWhatDoesNotFit() throws {
        var long = claim
        long.room = String(repeating: "x", count: 1025)
        #expect(throws: TokenError.unspeakable) { try tokens.text(long) }
        long.room = String(repeating: "x", count: 1024)
        #expect(try tokens.claim(tokens.text(long), purpose: "member", at: 0) == long)
        for instant in [Double.nan, .infinity, 1e300] {
            var odd = claim
            odd.expiresAt = instant
            #expect(throws: TokenError.unspeakable) { try tokens.text(odd) }
        }
    }

    @Test func base64GoesThereAndBack() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(Base64URL.bytes(Base64URL.text(bytes)) == bytes)
        }
        #expect(Base64URL.text([0xFB, 0xFF]) == "-_8")
    }
}
