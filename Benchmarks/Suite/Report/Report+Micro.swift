/// What was measured of single parts.
extension Report {
    mutating func add(micro group: String, _ rows: [MicroRow]) {
        say("micro: \(group)")
        for row in rows { add(row) }
    }

    private mutating func add(_ row: MicroRow) {
        let unit = row.unit.rawValue
        let time = column("\(decimal(row.value, row.unit.decimals)) \(unit)", 11, right: true)
        let bound = row.bound.map {
            "  \(column(decimal($0, row.unit.decimals), 8, right: true)) \(unit) \(row.beside)  ×\(decimal(row.value / $0, 2))"
        }
        say("  \(column(row.name, 46))\(time)\(bound ?? "")")
        keep(.micro, row.name, row.value, unit, bound: row.bound)
        guard let limit = row.limit, let bound = row.bound else { return }
        let ratio = row.value / bound
        if limit.isKept(by: ratio) { return }
        miss("\(row.name): ×\(decimal(ratio, 2)) of the bound, \(limit.text(2, ""))")
    }
}
