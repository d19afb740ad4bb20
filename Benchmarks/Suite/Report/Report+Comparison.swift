/// Figures beside those of an earlier run.
extension Report {
    func compare(with earlier: Findings) {
        say("beside the run of \(earlier.date) on \(earlier.machine)")
        for line in Self.comparison(findings.figures, with: earlier.figures) { say("  \(line)") }
    }

    /// A line for each figure that both have and that changed. Absolute figures follow the machine's mood; of those with a bound the
    /// ratios are what is compared.
    static func comparison(_ figures: [Figure], with earlier: [Figure]) -> [String] {
        figures.compactMap { figure in
            guard let old = earlier.first(where: { $0.part == figure.part && $0.name == figure.name }) else {
                return nil
            }
            let name = "\(figure.part): \(figure.name)"
            if let now = figure.ratio, let before = old.ratio {
                return "\(name): ×\(decimal(before, 2)) of the bound before, ×\(decimal(now, 2)) now"
            }
            guard let now = figure.value, let before = old.value, now != before else { return nil }
            let change = before == 0 ? "" : " (\(decimal(now / before * 100, 0)) %)"
            return "\(name): \(decimal(before, 2)) \(figure.unit) before, \(decimal(now, 2)) now\(change)"
        }
    }
}
