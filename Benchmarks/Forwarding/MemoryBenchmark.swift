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

    func run() throws -> Result {
        let server = try Server(options)
        defer { server.process.stop() }
        let loop = ClientLoop()
        let meeting = try Meeting(server, loop: loop)
        // Pools, caches and buffers that the first connections bring with them.
        try meeting.open("warm")
        try meeting.subscribe(Self.perRoom, room: "warm")
        loop.run(seconds: 5)
        let before = try server.process.privateMemory
        var added = 0
        var room = 0
        while added < options.idleConsumers {
            let count = min(Self.perRoom, options.idleConsumers - added)
            try meeting.open("idle-\(room)")
            try meeting.subscribe(count, room: "idle-\(room)")
            added += count
            room += 1
        }
        // The allocator gives back what the handshakes used.
        loop.run(seconds: 12)
        let after = try server.process.privateMemory
        return Result(transports: added + room, kibibytes: after - before)
    }
}
