// swift-tools-version: 6.2
import Foundation
import PackageDescription

// One manifest; the dependency lists below are the architecture (docs/architecture.md), and
// `--explicit-target-dependency-import-check error` in ./yard keeps anybody from going around them.

let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// What runs for each packet. Overlapping accesses to a variable are found by debug builds and tests; looking for them here, at run
/// time, takes a call for each access to an object's property.
let forEachPacket: [SwiftSetting] =
    swift + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

/// Everything that runs on the control thread, and only there: the main actor without having to say so.
let onControlThread: [SwiftSetting] = swift + [.defaultIsolation(MainActor.self)]

// jemalloc and ThreadSanitizer exclude each other; `./yard sanitize` sets this variable.
let allocator: [Target.Dependency] =
    ProcessInfo.processInfo.environment["SWITCHYARD_NO_JEMALLOC"] == nil ? ["CJemalloc"] : []

let cShims: [Target] = [
    .systemLibrary(name: "CUV", path: "CShims/CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
    .systemLibrary(name: "CNice", path: "CShims/CNice", providers: [.apt(["libnice-dev"])]),
    .systemLibrary(name: "CSRTP", path: "CShims/CSRTP", pkgConfig: "libsrtp2", providers: [.apt(["libsrtp2-dev"])]),
    .systemLibrary(name: "COpus", path: "CShims/COpus", pkgConfig: "opus", providers: [.apt(["libopus-dev"])]),
    .systemLibrary(name: "CHTTPParser", path: "CShims/CHTTPParser", providers: [.apt(["libhttp-parser-dev"])]),
    .systemLibrary(name: "CWslay", path: "CShims/CWslay", providers: [.apt(["libwslay-dev"])]),
    .systemLibrary(
        name: "CJemalloc", path: "CShims/CJemalloc", pkgConfig: "jemalloc", providers: [.apt(["libjemalloc-dev"])]),
    .systemLibrary(
        name: "CSQLite", path: "CShims/CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(
        name: "CSodium", path: "CShims/CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .target(
        name: "COpenSSL", path: "CShims/COpenSSL", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
    // libipsec-mb is optional: its header where it is there, its library at run time.
    .target(
        name: "CCipher", dependencies: ["COpenSSL"], path: "CShims/CCipher", linkerSettings: [.linkedLibrary("dl")]),
    .target(name: "CNet", path: "CShims/CNet"),
    .target(name: "CPage", path: "CShims/CPage"),
]

let relayCore: [Target] = [
    .target(name: "RelayControl", path: "Sources/RelayCore/Control", swiftSettings: swift),
    .target(
        name: "RelayProtocol", dependencies: ["RelayControl"], path: "Sources/RelayCore/Protocol",
        swiftSettings: forEachPacket),
    .target(
        name: "RelayIO",
        dependencies: [
            "RelayControl", "RelayProtocol", "RelayMixing", "Loop", "Log", "CUV", "CNice", "CCipher", "COpenSSL",
            "CSRTP",
            "CNet",
        ],
        path: "Sources/RelayCore/IO", swiftSettings: forEachPacket),
    .target(
        name: "RelayMixing", dependencies: ["RelayProtocol", "COpus", "CNet"],
        path: "Sources/RelayCore/Mixing", swiftSettings: forEachPacket),
]

let orchestrator: [Target] = [
    .target(
        name: "RoomModel", dependencies: ["RelayControl"], path: "Sources/Orchestrator/Model", swiftSettings: swift),
    .target(name: "Web", path: "Sources/Orchestrator/Web", swiftSettings: onControlThread),
    .target(
        name: "RoomControl", dependencies: ["RelayControl", "RoomModel", "Log"], path: "Sources/Orchestrator/Control",
        swiftSettings: onControlThread),
    .target(
        name: "Aura", dependencies: ["RelayControl", "RoomModel", "RoomControl", "Secrets", "Web"],
        path: "Sources/Orchestrator/Faces/Aura", swiftSettings: onControlThread),
    .target(
        name: "MediaServer", dependencies: ["RelayControl", "RoomModel", "RoomControl", "Web"],
        path: "Sources/Orchestrator/Faces/MediaServer", swiftSettings: onControlThread),
    .target(
        name: "Secrets", dependencies: ["Loop", "COpenSSL", "CSodium"], path: "Sources/Orchestrator/Secrets",
        swiftSettings: swift),
    .target(
        name: "SQLiteStore", dependencies: ["RelayControl", "RoomModel", "CSQLite"],
        path: "Sources/Orchestrator/Stores/SQLite", swiftSettings: swift),
    .target(
        name: "Server",
        dependencies: ["Web", "Secrets", "Loop", "Log", "CUV", "CHTTPParser", "CWslay", "COpenSSL", "CNet"],
        path: "Sources/Orchestrator/Server", swiftSettings: onControlThread),
]

let rest: [Target] = [
    .target(name: "Log", path: "Sources/Log", swiftSettings: swift),
    .target(
        name: "Configuration", dependencies: ["RelayControl", "Log"], path: "Sources/Configuration",
        swiftSettings: swift),
    .target(name: "Loop", dependencies: ["Log", "CUV", "CNet"], path: "Sources/Loop", swiftSettings: swift),
    .target(
        name: "Load",
        dependencies: [
            "RelayControl", "RelayProtocol", "RelayIO", "Configuration", "CNice", "CHTTPParser", "COpenSSL", "CNet",
        ],
        path: "Sources/Load", swiftSettings: swift),
    .executableTarget(
        name: "switchyard",
        dependencies: [
            "RelayControl", "RelayProtocol", "RelayIO", "Load", "RoomModel", "RoomControl", "Web", "MediaServer",
            "Aura",
            "Server", "SQLiteStore", "Secrets", "Loop", "Log",
            "Configuration", "CUV", "COpenSSL", "CNet", "CPage",
        ] + allocator,
        path: "Sources/Switchyard", exclude: ["Page"], swiftSettings: onControlThread),
]

let tests: [Target] = [
    .target(name: "TestSupport", dependencies: ["RelayControl"], path: "Tests/Support", swiftSettings: swift),
    .executableTarget(
        name: "main-loop-probe", dependencies: ["Loop"], path: "Tests/MainLoopProbe", swiftSettings: onControlThread),
    .testTarget(name: "LoopTests", dependencies: ["Loop", "main-loop-probe"], swiftSettings: swift),
    .testTarget(
        name: "RelayProtocolTests", dependencies: ["RelayControl", "RelayProtocol", "TestSupport"], swiftSettings: swift
    ),
    .testTarget(
        name: "RelayIOTests",
        dependencies: [
            "RelayControl", "RelayProtocol", "RelayIO", "Loop", "CNice", "CCipher", "COpenSSL", "CSRTP", "CNet", "CUV",
            "COpus", "TestSupport",
        ],
        swiftSettings: swift),
    .testTarget(
        name: "RelayMixingTests", dependencies: ["RelayProtocol", "RelayMixing", "COpus", "TestSupport"],
        swiftSettings: swift),
    .testTarget(
        name: "RoomModelTests", dependencies: ["RelayControl", "RoomModel", "TestSupport"], swiftSettings: swift),
    .executableTarget(
        name: "store-writer", dependencies: ["RelayControl", "RoomModel", "SQLiteStore"], path: "Tests/StoreWriter",
        swiftSettings: swift),
    .testTarget(
        name: "SQLiteStoreTests",
        dependencies: ["RelayControl", "RoomModel", "SQLiteStore", "store-writer", "TestSupport"],
        swiftSettings: swift),
    .testTarget(name: "SecretsTests", dependencies: ["Secrets", "Loop", "TestSupport"], swiftSettings: swift),
    .testTarget(
        name: "RoomControlTests", dependencies: ["RelayControl", "RoomModel", "RoomControl", "TestSupport"],
        swiftSettings: swift),
    .testTarget(name: "WebTests", dependencies: ["Web"], swiftSettings: swift),
    .testTarget(
        name: "ServerTests", dependencies: ["Web", "Server", "Loop", "COpenSSL", "TestSupport"], swiftSettings: swift),
    .testTarget(
        name: "SwitchyardTests",
        dependencies: [
            "RelayControl", "RoomModel", "SQLiteStore", "Secrets", "Log", "Configuration", "CPage", "Web", "Server",
            "MediaServer", "switchyard", "TestSupport",
        ],
        swiftSettings: swift),
    .testTarget(name: "LoadTests", dependencies: ["Load", "RelayIO", "RelayProtocol", "CNet"], swiftSettings: swift),
    .testTarget(name: "BenchmarkTests", dependencies: ["switchyard-bench"], swiftSettings: swift),
    .testTarget(
        name: "AuraTests",
        dependencies: ["RelayControl", "RoomModel", "RoomControl", "Secrets", "Web", "Aura", "TestSupport"],
        swiftSettings: swift),
    .testTarget(
        name: "MediaServerTests",
        dependencies: ["RelayControl", "RoomModel", "RoomControl", "Web", "MediaServer", "TestSupport"],
        swiftSettings: swift),
]

// ./yard bench builds and runs these (docs/benchmarks.md).
let benchmarks: [Target] = [
    .target(name: "CBench", path: "Benchmarks/CBench", linkerSettings: [.linkedLibrary("crypto")]),
    .target(name: "MallocCounter", path: "Benchmarks/MallocCounter", linkerSettings: [.linkedLibrary("dl")]),
    .executableTarget(
        name: "forwarding-bound", path: "Benchmarks/bound",
        linkerSettings: [.linkedLibrary("crypto"), .linkedLibrary("pthread")]),
    .executableTarget(
        name: "switchyard-bench",
        dependencies: [
            "RelayControl", "RelayProtocol", "RelayIO", "RelayMixing", "Loop", "RoomModel", "RoomControl", "Web",
            "MediaServer", "Load", "COpenSSL", "CNet", "COpus", "CBench",
        ],
        path: "Benchmarks/Suite", swiftSettings: swift),
]

let package = Package(
    name: "switchyard",
    products: [
        .executable(name: "switchyard", targets: ["switchyard"]),
        .library(name: "malloc-counter", type: .dynamic, targets: ["MallocCounter"]),
    ],
    targets: cShims + relayCore + orchestrator + rest + benchmarks + tests,
    cLanguageStandard: .gnu17
)
