import Glibc
import TestSupport
import Testing

@testable import Secrets

struct KeyDigestTests {
    @Test func isTheSHA256OfTheKey() {
        // FIPS 180-2, appendix B.1
        #expect(
            KeyDigest(of: "abc").bytes.map { String($0, radix: 16) }.joined(separator: " ")
                == "ba 78 16 bf 8f 1 cf ea 41 41 40 de 5d ae 22 23 b0 3 61 a3 96 17 7a 9c b4 10 ff 61 f2 0 15 ad")
    }

    @Test func matchesItsKeyOnly() throws {
        let key = RandomKey.text()
        let digest = try #require(KeyDigest(KeyDigest(of: key).text))
        #expect(digest.matches(key))
        #expect(!digest.matches(key + "x"))
        #expect(!digest.matches(""))
        #expect(KeyDigest("abc") == nil)
        #expect(KeyDigest(key + "!") == nil)
    }

    @Test func keysAreLongAndDiffer() {
        let keys = Set((0..<100).map { _ in RandomKey.text() })
        #expect(keys.count == 100)
        #expect(keys.allSatisfy { $0.utf8.count == 43 })
        #expect(RandomKey.bytes(0).isEmpty)
    }
}

struct SecretKeyFileTests {
    @Test func isMadeOnceAndForItsOwnerOnly() throws {
        let folder = try Folder()
        let key = try SecretKeyFile.open(directory: folder.path)
        #expect(try SecretKeyFile.open(directory: folder.path).hexadecimal == key.hexadecimal)
        #expect(folder.names == ["secret.key"])
        #expect(folder.mode(of: "secret.key") == 0o600)
    }

    @Test func anotherDirectoryHasAnotherKey() throws {
        let first = try Folder(), second = try Folder()
        #expect(
            try SecretKeyFile.open(directory: first.path).hexadecimal
                != SecretKeyFile.open(directory: second.path).hexadecimal)
    }

    @Test(arguments: ["", "abc", String(repeating: "a", count: 63), String(repeating: "g", count: 64)])
    func refusesWhatIsNoKey(_ text: String) throws {
        let folder = try Folder()
        try folder.write(text.utf8, to: "secret.key")
        #expect(throws: SecretKeyFileError.malformed(path: "\(folder.path)/secret.key")) {
            try SecretKeyFile.open(directory: folder.path)
        }
    }

    @Test(arguments: [mode_t(0o644), 0o660, 0o602]) func refusesAKeyThatOthersCanReach(_ mode: mode_t) throws {
        let folder = try Folder()
        try folder.write(String(repeating: "a", count: 64).utf8, to: "secret.key", mode: mode)
        #expect(throws: SecretKeyFileError.tooOpen(path: "\(folder.path)/secret.key", mode: mode)) {
            try SecretKeyFile.open(directory: folder.path)
        }
    }

    @Test func saysWhyItCannotBeMade() throws {
        let folder = try Folder()
        let missing = "\(folder.path)/missing"
        #expect(throws: SecretKeyFileError.system(path: "\(missing)/secret.key", reason: "No such file or directory")) {
            try SecretKeyFile.open(directory: missing)
        }
    }

    @Test func neverShowsItself() {
        let key = SecretKey.random()
        #expect("\(key)" == "SecretKey")
        #expect(String(reflecting: key) == "SecretKey")
    }
}
