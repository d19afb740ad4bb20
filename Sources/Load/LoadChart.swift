internal import Glibc

/// Charts in SVG for a page whose style sheet has the colours: `a` and `b` for lines, `grid` for the lines behind them.
struct LoadChart {
    struct Line {
        var name: String
        /// Gaps are not finite.
        var values: [Double]
    }

    // About as wide as the page shows it beside two others, so that letters keep their size.
    private static let width = 400.0
    private static let height = 180.0
    private static let left = 44.0
    private static let right = 12.0
    private static let top = 12.0
    private static let bottom = 26.0

    let title: String
    let unit: String

    /// Lines over the seconds of a run.
    func lines(_ lines: [Line], at times: [Double]) -> String {
        let values = lines.flatMap(\.values).filter(\.isFinite)
        let (ceiling, steps) = Self.scale(values.max() ?? 0)
        let end = max(times.last ?? 1, 1)
        var body = Self.grid(ceiling, steps) + Self.seconds(to: end)
        for (line, style) in zip(lines, ["a", "b"]) {
            let points = zip(times, line.values).filter { $0.1.isFinite }.map { time, value in
                (x: Self.across(time / end), y: Self.down(value / ceiling))
            }
            guard let first = points.first, let last = points.last else { continue }
            let path = points.map { "\($0.x.text(1)),\($0.y.text(1))" }.joined(separator: " ")
            if lines.count == 1 {
                let floor = Self.down(0).text(1)
                body +=
                    "<polygon class=\"\(style) area\" points=\"\(first.x.text(1)),\(floor) \(path) \(last.x.text(1)),\(floor)\"/>"
            }
            body += "<polyline class=\"\(style)\" points=\"\(path)\"/>"
            // A run of a second has one point, which no line shows.
            if points.count == 1 {
                body += "<circle class=\"\(style)\" cx=\"\(first.x.text(1))\" cy=\"\(first.y.text(1))\" r=\"3\"/>"
            }
        }
        let legend = zip(lines, ["a", "b"]).map { line, style in
            let known = line.values.filter(\.isFinite)
            let most = known.max().map { ", at most \($0.text($0 < 0.1 ? 4 : $0 < 10 ? 2 : 0))" } ?? ""
            return "<span class=\"key \(style)\">\(LoadPage.escaped(line.name + most))</span>"
        }
        return figure(legend.joined(), body)
    }

    /// How many values lie in each of twenty-five equal parts.
    func histogram(_ values: [Double]) -> String {
        let count = 25
        let (end, parts) = Self.scale(values.max() ?? 0)
        var bins = [Int](repeating: 0, count: count)
        for value in values where value >= 0 { bins[min(count - 1, Int(value / end * Double(count)))] += 1 }
        let (ceiling, steps) = Self.scale(Double(bins.max() ?? 0), isWhole: true)
        var body = Self.grid(ceiling, steps)
        for part in 0...parts {
            let share = Double(part) / Double(parts)
            body += Self.label(share, (end * share).text(3))
        }
        let wide = (Self.width - Self.left - Self.right) / Double(count) - 2
        for (index, number) in bins.enumerated() where number > 0 {
            let y = Self.down(Double(number) / ceiling)
            body +=
                "<rect class=\"a\" x=\"\((Self.across(Double(index) / Double(count)) + 1).text(1))\" y=\"\(y.text(1))\" width=\"\(wide.text(1))\""
                + " height=\"\((Self.down(0) - y).text(1))\" rx=\"2\"/>"
        }
        return figure("<span class=\"key a\">participants</span>", body)
    }

    private func figure(_ legend: String, _ body: String) -> String {
        "<figure><figcaption><b>\(LoadPage.escaped(title))</b> <i>\(LoadPage.escaped(unit))</i></figcaption><p class=\"legend\">\(legend)"
            + "</p><svg viewBox=\"0 0 \(Self.width.text(0)) \(Self.height.text(0))\" role=\"img\" aria-label=\""
            + "\(LoadPage.escaped(title))\">\(body)</svg></figure>"
    }

    // MARK: Axes

    private static func across(_ share: Double) -> Double { left + share * (width - left - right) }
    private static func down(_ share: Double) -> Double { height - bottom - share * (height - top - bottom) }

    /// A round number not below the largest value, and into how many parts it is divided.
    static func scale(_ largest: Double, isWhole: Bool = false) -> (ceiling: Double, steps: Int) {
        guard largest > 0, largest.isFinite else { return (1, 1) }
        var step = pow(10, floor(log10(largest / 4)))
        if isWhole { step = max(1, step) }
        for factor in [1.0, 2, 5, 10] where step * factor * 5 >= largest {
            let steps = max(1, Int((largest / (step * factor)).rounded(.up)))
            return (step * factor * Double(steps), steps)
        }
        return (largest, 1)
    }

    private static func grid(_ ceiling: Double, _ steps: Int) -> String {
        (0...steps).reduce(into: "") { out, number in
            let share = Double(number) / Double(steps)
            let y = down(share).text(1)
            out +=
                "<line class=\"grid\" x1=\"\(left.text(0))\" x2=\"\((width - right).text(0))\" y1=\"\(y)\" y2=\"\(y)\"/>"
                + "<text x=\"\((left - 8).text(0))\" y=\"\((down(share) + 4).text(1))\" text-anchor=\"end\">"
                + "\((ceiling * share).text(6))</text>"
        }
    }

    private static func label(_ share: Double, _ text: String) -> String {
        let anchor = share == 0 ? "start" : share == 1 ? "end" : "middle"
        return
            "<text x=\"\(across(share).text(1))\" y=\"\((height - 8).text(0))\" text-anchor=\"\(anchor)\">\(text)</text>"
    }

    private static func seconds(to end: Double) -> String {
        let (ceiling, steps) = scale(end, isWhole: true)
        return (0...steps).reduce(into: "") { out, number in
            let second = ceiling * Double(number) / Double(steps)
            if second <= end { out += label(second / end, second.text(0) + " s") }
        }
    }
}
