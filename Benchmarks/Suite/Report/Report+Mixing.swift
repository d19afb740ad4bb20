extension Report {
    mutating func add(mixing result: MixingBenchmark.Result) {
        say("mixing (share of one core: receiving, decoding, mixing and encoding; no sockets)")
        for room in result.rooms {
            if let limit = room.limit {
                judge(.mixing, room.name, room.share, limit, 2, " %")
            } else {
                say("       \(room.name): \(decimal(room.share, 2)) %")
                keep(.mixing, room.name, room.share, "%")
            }
        }
        for row in result.parts {
            let unit = row.unit.rawValue
            let bound = row.bound.map {
                "  \(decimal($0, row.unit.decimals)) \(unit) \(row.beside)  ×\(decimal(row.value / $0, 2))"
            }
            say("       \(row.name): \(decimal(row.value, row.unit.decimals)) \(unit)\(bound ?? "")")
            keep(.mixing, row.name, row.value, unit, bound: row.bound)
        }
        judge(
            .mixing, "allocations of a tick", result.allocationsPerTick, .atMost(thresholds.mixingAllocationsPerTick), 2
        )
    }
}
