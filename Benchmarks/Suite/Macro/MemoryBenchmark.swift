import Foundation
import Load

/// What one connected subscriber without media adds to the server's memory.
struct MemoryBenchmark {
    struct Result {
        var transports: Int
        var kibibytes: Int
        /// From the first call to the last handshake.
        var connectSeconds: Double
        /// Share of one core that the server takes while nobody sends media: connectivity checks, and what time asks for.
        var idleShare: Double
        var perTransport: Double { Double(kibibytes) / Double(max(1, transports)) }
    }

    let options: Options
    private static let perRoom = 50
    /// The relay keeps the handshake's state for ten seconds, and jemalloc freed pages for ten more.
    private static let settlingSeconds = 24.0
    private static let idleSeconds = 10.0

    func run() throws -> Result {
        Self.raiseOpenFileLimit()
        let server = try Server(options)
        defer { server.stop() }
        let loop = try ClientLoop()
        let meeting = try Meeting(server, loop: loop)
        let rooms = (0..<(options.idleConsumers + Self.perRoom - 1) / Self.perRoom).map { "idle-\($0)" }
        for room in rooms { try meeting.open(room) }
        // Pools, caches and buffers that the first subscribers bring with them.
        try meeting.open("warm")
        try meeting.subscribe(Self.perRoom, room: "warm")
        loop.run(seconds: Self.settlingSeconds)
        let before = try server.process.privateMemory
        let began = now()
        var left = options.idleConsumers
        for room in rooms {
            try meeting.subscribe(min(Self.perRoom, left), room: room)
            left -= min(Self.perRoom, left)
        }
        let connected = now()
        // The allocator gives back what the handshakes used.
        loop.run(seconds: Self.settlingSeconds - Self.idleSeconds)
        let idle = (at: now(), time: try server.process.processorTime)
        loop.run(seconds: Self.idleSeconds)
        let after = try server.process.privateMemory
        return Result(
            transports: options.idleConsumers, kibibytes: after - before,
            connectSeconds: Double(connected - began) / 1_000_000,
            idleShare: Double(try server.process.processorTime - idle.time) / Double(now() - idle.at) / 1_000)
    }

    /// Every connection takes a socket here.
    private static func raiseOpenFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
