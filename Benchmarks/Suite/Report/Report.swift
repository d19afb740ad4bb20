import Foundation

/// Prints results, keeps them for `--json`, and remembers whether one missed its threshold.
struct Report {
    private(set) var failures: [String] = []
    private(set) var findings = Findings()
    let thresholds: Thresholds

    init(_ thresholds: Thresholds) { self.thresholds = thresholds }

    /// Prints at once, also into a pipe.
    func say(_ line: String) {
        Swift.print(line)
        fflush(nil)
    }

    /// Keeps a figure.
    mutating func keep(
        _ part: Options.Suite, _ name: String, _ value: Double, _ unit: String, bound: Double? = nil,
        limit: Limit? = nil
    ) {
        func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
        findings.figures.append(
            Figure(
                part: part.rawValue, name: name, value: finite(value), unit: unit, bound: finite(bound),
                limit: finite(limit?.number), isKept: limit?.isKept(by: value)))
    }

    /// Keeps a figure and holds it against its threshold.
    mutating func judge(
        _ part: Options.Suite, _ name: String, _ value: Double, _ limit: Limit, _ decimals: Int, _ unit: String = ""
    ) {
        keep(part, name, value, unit.trimmingCharacters(in: .whitespaces), limit: limit)
        let text = "\(name): \(decimal(value, decimals))\(unit)"
        let isKept = limit.isKept(by: value)
        if !isKept { fail("\(text), \(limit.text(decimals, unit))") }
        say("  \(isKept ? "ok  " : "MISS") \(text) (\(limit.text(decimals, unit)))")
    }

    mutating func fail(_ what: String) { failures.append(what) }

    /// Says what failed where it happened, too.
    mutating func miss(_ what: String) {
        say("  MISS \(what)")
        fail(what)
    }
}

/// Text in a column; of more than its width, whole.
func column(_ text: String, _ width: Int, right: Bool = false) -> String {
    let blank = String(repeating: " ", count: max(0, width - text.count))
    return right ? blank + text : text + blank
}
