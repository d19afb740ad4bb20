import Testing

@testable import Secrets

/// As little work as Argon2 can do.
let cheap = PasswordHash.Cost(memoryKiB: 8, passes: 1)

struct PasswordHashTests {
    @Test func verifiesOnlyThePasswordItWasMadeOf() throws {
        let hash = try PasswordHash.make("correct horse", cost: cheap)
        #expect(try hash.verify("correct horse"))
        for other in ["", "correct hors", "correct horse ", "Correct horse", "correct horse\0"] {
            #expect(try !hash.verify(other))
        }
    }

    @Test func bytesBehindAZeroCount() throws {
        let hash = try PasswordHash.make("a\0b", cost: cheap)
        #expect(try hash.verify("a\0b"))
        #expect(try !hash.verify("a\0c"))
        #expect(try !hash.verify("a"))
    }

    @Test func saltsEachHash() throws {
        #expect(try PasswordHash.make("x", cost: cheap) != PasswordHash.make("x", cost: cheap))
    }

    @Test func survivesStoring() throws {
        let hash = try PasswordHash.make("pässwörd 🔑", cost: cheap)
        #expect(hash.text.hasPrefix("$argon2id$v=19$m=8,t=1,p=1$"))
        let restored = try #require(PasswordHash(hash.text))
        #expect(restored == hash)
        #expect(try restored.verify("pässwörd 🔑"))
    }

    /// As libargon2 has it: `echo -n password | argon2 somesalt -id -t 2 -k 64 -p 1 -l 32 -e`.
    @Test func readsHashesOfOtherPrograms() throws {
        let hash = try #require(
            PasswordHash("$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ$FqGkmHNGCd0BRW2kBt6fPZ2pPmyGwwChL8FGUhTOSSI"))
        #expect(hash.cost == PasswordHash.Cost(memoryKiB: 64, passes: 2))
        #expect(try hash.verify("password"))
        #expect(try !hash.verify("Password"))
    }

    @Test(arguments: [
        "", "$", "password", "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA", "$argon2id$v=16$m=8,t=1,p=1$c2FsdA$aGFzaA",
        "$argon2id$v=19$m=8,t=1$c29tZXNhbHQ$aGFzaA", "$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$aGFzaA",
        "$argon2id$v=19$m=8,t=0,p=1$c29tZXNhbHQ$aGFzaA", "$argon2id$v=19$m=-8,t=1,p=1$c29tZXNhbHQ$aGFzaA",
        "$argon2id$v=19$m=8,t=99999999999999999999,p=1$c29tZXNhbHQ$aGFzaA", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ",
        "$argon2id$v=19$m=8,t=1,p=1$$", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + String(repeating: "a", count: 200),
    ])
    func refusesWhatIsNoHash(_ text: String) { #expect(PasswordHash(text) == nil) }

    @Test func refusesPasswordsThatAreTooLong() throws {
        let longest = String(repeating: "x", count: 1024)
        #expect(try PasswordHash.make(longest, cost: cheap).verify(longest))
        #expect(throws: PasswordError.tooLong(limitBytes: 1024)) { try PasswordHash.make(longest + "x", cost: cheap) }
        #expect(throws: PasswordError.tooLong(limitBytes: 1024)) {
            try PasswordHash.make("x", cost: cheap).verify(longest + "x")
        }
    }

    @Test func saysWhenItShouldBeMadeAnew() throws {
        let hash = try PasswordHash.make("x", cost: cheap)
        #expect(!hash.needsRehash(for: cheap))
        #expect(hash.needsRehash(for: PasswordHash.Cost(memoryKiB: 16, passes: 1)))
        #expect(hash.needsRehash(for: PasswordHash.Cost(memoryKiB: 8, passes: 2)))
    }

    @Test func aHashOfNothingIsAHashThatNoPasswordHas() throws {
        let nothing = PasswordHash.ofNothing(cost: cheap)
        #expect(PasswordHash(nothing.text)?.cost == cheap)
        #expect(try !nothing.verify(""))
        #expect(try !nothing.verify("password"))
    }
}
