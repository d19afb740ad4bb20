/// What stands in a roster.
protocol Listed: AnyObject {
    /// Where it stands; the roster's own.
    var place: Int? { get set }
}

/// A worker's transports, or its subscribers, in a row, so that what time asks for is done for a few of them at each tick instead
/// of for all at once: ten thousand in one go would hold up media.
struct Roster<Member: Listed> {
    private var row: [Member] = []

    /// Where a round that keeps coming back has got to.
    struct Round {
        fileprivate var position = 0
        /// Of a member, in parts of the round.
        fileprivate var credit = 0
    }

    var count: Int { row.count }

    mutating func add(_ member: Member) {
        member.place = row.count
        row.append(member)
    }

    mutating func remove(_ member: Member) {
        guard let place = member.place, place < row.count, row[place] === member else { return }
        let last = row.removeLast()
        if last !== member {
            row[place] = last
            last.place = place
        }
        member.place = nil
    }

    /// Whose turn it is now. Everybody's comes once in `parts` calls; somebody's may be left out once when others go.
    func next(_ round: inout Round, of parts: Int) -> [Member] {
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
