import Foundation

/// What one connected subscriber without media adds to the server's memory.
struct MemoryBenchmark {
    struct Result {
        var transports: Int
        var kibibytes: Int
        var perTransport: Double { Double(kibibytes) / Double(max(1, transports)) }
    }

    let options: Options
    private static let perRoom = 50
    /// The relay keeps the handshake's state for ten seconds, and jemalloc freed pages for ten more.
    private static let settlingSeconds = 24.0

    func run() throws -> Result {
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
        var left = options.idleConsumers
        for room in rooms {
            try meeting.subscribe(min(Self.perRoom, left), room: room)
            left -= min(Self.perRoom, left)
        }
        // The allocator gives back what the handshakes used.
        loop.run(seconds: Self.settlingSeconds)
        let after = try server.process.privateMemory
        return Result(transports: options.idleConsumers, kibibytes: after - before)
    }
}
