/// A worker's transports in a row, so that what time asks for is done for a few of them at each tick instead of for all
/// at once: ten thousand in one go would hold up media.
struct Roster {
    private var row: [Transport] = []

    /// Where a round that keeps coming back has got to.
    struct Round {
        fileprivate var position = 0
        /// Of a transport, in parts of the round.
        fileprivate var credit = 0
    }

    var count: Int { row.count }

    mutating func add(_ transport: Transport) {
        transport.place = row.count
        row.append(transport)
    }

    mutating func remove(_ transport: Transport) {
        guard let place = transport.place, place < row.count, row[place] === transport else { return }
        let last = row.removeLast()
        if last !== transport {
            row[place] = last
            last.place = place
        }
        transport.place = nil
    }

    /// Whose turn it is now. Everybody's comes once in `parts` calls; somebody's may be left out once when others go.
    func next(_ round: inout Round, of parts: Int) -> [Transport] {
        round.credit += row.count
        let count = min(round.credit / parts, row.count)
        round.credit %= parts
        guard count > 0 else { return [] }
        if round.position >= row.count { round.position = 0 }
        let end = round.position + count
        defer { round.position = end < row.count ? end : end - row.count }
        return end <= row.count
            ? Array(row[round.position..<end]) : Array(row[round.position...] + row[..<(end - row.count)])
    }
}
