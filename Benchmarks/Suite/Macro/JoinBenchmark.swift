import Foundation

/// What it costs the server that somebody joins: the REST calls, connectivity checks, the DTLS handshake, SRTP keys.
struct JoinBenchmark {
    struct Result {
        /// Joins for each second of the server's processor time, round by round.
        var rates: [Double]
        var perRound: Int
        var perCoreSecond: Double { median(rates) }
    }

    let options: Options
    private static let perRoom = 50
    private static let rooms = 4

    func run() throws -> Result {
        let server = try Server(options)
        defer { server.stop() }
        let loop = try ClientLoop()
        let meeting = try Meeting(server, loop: loop)
        try meeting.open("warm")
        try meeting.subscribe(Self.perRoom, room: "warm")
        let perRound = Self.rooms * (Self.perRoom + 1)
        var rates: [Double] = []
        for round in 0..<options.rounds {
            let before = try server.process.processorTime
            for number in 0..<Self.rooms {
                let room = "joins-\(round)-\(number)"
                try meeting.open(room)
                try meeting.subscribe(Self.perRoom, room: room)
            }
            rates.append(Double(perRound) * 1e9 / Double(try server.process.processorTime - before))
        }
        return Result(rates: rates, perRound: perRound)
    }
}
