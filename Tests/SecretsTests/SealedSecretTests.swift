import Testing

@testable import Secrets

struct SealedSecretTests {
    private let key = SecretKey.random()
    private let secret = Array("5f4dcc3b5aa765d61d8327deb882cf99".utf8)

    @Test func opensWithTheSameKeyForTheSamePurpose() throws {
        let sealed = try SealedSecret.seal(secret, for: "sip-digest 1", with: key)
        #expect(try SealedSecret(sealed.text).open(for: "sip-digest 1", with: key) == secret)
        let nothing = try SealedSecret.seal([], for: "", with: key)
        #expect(try nothing.open(for: "", with: key) == [])
    }

    @Test func doesNotShowTheSecretNorRepeatItself() throws {
        let first = try SealedSecret.seal(secret, for: "x", with: key)
        let second = try SealedSecret.seal(secret, for: "x", with: key)
        #expect(first != second)
        #expect(!String(decoding: first.bytes, as: UTF8.self).contains("5f4dcc3b"))
    }

    @Test func isForeignToOtherKeysAndPurposes() throws {
        let sealed = try SealedSecret.seal(secret, for: "sip-digest 1", with: key)
        #expect(throws: SealedSecretError.foreign) { try sealed.open(for: "sip-digest 2", with: key) }
        #expect(throws: SealedSecretError.foreign) { try sealed.open(for: "sip-digest 1", with: .random()) }
    }

    @Test func noticesEveryChangedByte() throws {
        let sealed = try SealedSecret.seal(secret, for: "x", with: key)
        for index in sealed.bytes.indices {
            var bytes = sealed.bytes
            bytes[index] ^= 1
            let expected: SealedSecretError = index == 0 ? .malformed : .foreign
            #expect(throws: expected) { try SealedSecret(bytes: bytes).open(for: "x", with: key) }
        }
    }

    @Test func refusesEveryTruncation() throws {
        let sealed = try SealedSecret.seal(secret, for: "x", with: key)
        for count in 0..<sealed.bytes.count {
            let part = SealedSecret(bytes: Array(sealed.bytes.prefix(count)))
            #expect(throws: SealedSecretError.self) { try part.open(for: "x", with: key) }
        }
    }

    @Test func usesAKeyOfItsOwn() {
        #expect(key.derived(for: "a") != key.derived(for: "b"))
        #expect(key.derived(for: "a").count == 32)
    }
}
