import Foundation
import Testing

/// A session description of a real peer, from `Tests/Fixtures/sdp`.
struct Fixture: CustomTestStringConvertible, Sendable {
    let name: String
    let text: String

    var testDescription: String { name }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(path: "Fixtures/sdp")

    static let all: [Fixture] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".sdp") }.sorted().compactMap { name in
            (try? Data(contentsOf: folder.appending(path: name))).map {
                Fixture(name: name, text: String(decoding: $0, as: UTF8.self))
            }
        }
    }()

    static let offers = all.filter { $0.name.hasSuffix(".offer.sdp") }
    static let answers = all.filter { $0.name.hasSuffix(".answer.sdp") }

    /// The fixture with that name, without `.sdp`.
    static func named(_ name: String) throws -> Fixture {
        try #require(all.first { $0.name == name + ".sdp" })
    }
}

/// Numbers that are the same in every run (splitmix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
