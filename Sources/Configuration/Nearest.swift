/// Finds what somebody who mistyped a name probably meant.
package enum Nearest {
    /// - Returns: the candidate nearest to the name, or nil when none is near.
    package static func name(to name: String, among candidates: [String]) -> String? {
        let wanted = name.lowercased()
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let distance = isPart(wanted, of: candidate) ? 1 : distance(wanted, candidate.lowercased())
            if distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(2, name.count * 2 / 5) else { return nil }
        return best.name
    }

    /// Whether the name is the candidate's ending or beginning, as `port` is of `media-port`.
    private static func isPart(_ name: String, of candidate: String) -> Bool {
        if name.count < 3 { return false }
        return [".", "-", "_"].contains { candidate.hasSuffix($0 + name) || candidate.hasPrefix(name + $0) }
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other.
    static func distance(_ a: String, _ b: String) -> Int {
        let a = Array(a), b = Array(b)
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(rows[i][j] + (a[i] == b[j] ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, rows[i - 1][j - 1] + 1) }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
