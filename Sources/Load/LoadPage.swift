/// A report as one HTML page that needs nothing else: a table and charts in SVG.
package enum LoadPage {
    package static func html(_ report: LoadReport) -> String {
        let times = report.samples.map(\.seconds)
        var charts = [
            chart("Received", "Mbit/s", times, [("received", report.samples.map { $0.receivedBitsPerSecond / 1e6 })]),
            chart("Loss", "%", times, [("lost", report.samples.map(\.lossPercent))]),
            chart(
                "One-way latency", "ms", times,
                [
                    ("p50", report.samples.map { $0.latencyP50 ?? .nan }),
                    ("p99", report.samples.map { $0.latencyP99 ?? .nan }),
                ]),
            histogram("Join times", "ms", report.joinTimes),
        ]
        if report.server != nil {
            charts.append(
                chart(
                    "Processor time", "% of one", times,
                    [
                        ("server", report.samples.map { $0.serverCPUPercent ?? .nan }),
                        ("this program", report.samples.map(\.generatorCPUPercent)),
                    ]))
            charts.append(
                chart("Server memory", "MiB", times, [("resident", report.samples.map { $0.serverMebibytes ?? .nan })]))
        } else {
            charts.append(
                chart(
                    "Processor time", "% of one", times, [("this program", report.samples.map(\.generatorCPUPercent))]))
        }
        let verdict =
            report.broken.isEmpty ? "" : "<p class=broken>\(escaped(report.broken.joined(separator: "; ")))</p>"
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Load on \(escaped(report.target))</title>
            <meta name="viewport" content="width=device-width">
            <style>
            body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
            pre{background:#f4f4f2;padding:1rem;overflow:auto}.broken{color:#b00020;font-weight:600}
            .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(26rem,1fr));gap:1rem}
            figure{margin:0}figcaption{font-weight:600}svg{width:100%;height:auto}text{font:11px system-ui,sans-serif;fill:#555}
            </style></head><body>
            <h1>Load on \(escaped(report.target))</h1>
            \(verdict)
            <pre>\(escaped(LoadTable.text(report)))</pre>
            <div class="charts">
            \(charts.joined(separator: "\n"))
            </div></body></html>

            """
    }

    private static let width = 420.0
    private static let height = 180.0
    private static let margin = (left: 44.0, right: 8.0, top: 20.0, bottom: 22.0)
    private static let colours = ["#2463a6", "#d1622b"]

    private static func chart(
        _ title: String, _ unit: String, _ times: [Double], _ lines: [(name: String, values: [Double])]
    ) -> String {
        let values = lines.flatMap(\.values).filter(\.isFinite)
        let top = max(values.max() ?? 0, 1e-3)
        let end = max(times.last ?? 1, 1e-3)
        var body = axes(top, unit, left: "0 s", right: "\(end.text(0)) s")
        for (index, line) in lines.enumerated() {
            let points = zip(times, line.values).filter { $0.1.isFinite }.map { time, value in
                "\(across(time / end).text(1)),\(down(value / top).text(1))"
            }
            let colour = colours[index % colours.count]
            body +=
                "<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\" points=\"\(points.joined(separator: " "))\"/>"
            body +=
                "<text x=\"\(margin.left + 60 + Double(index) * 90)\" y=\"12\" style=\"fill:\(colour)\">\(escaped(line.name))</text>"
        }
        return figure(title, body)
    }

    /// How many values lie in each of twenty equal parts.
    private static func histogram(_ title: String, _ unit: String, _ values: [Double]) -> String {
        let top = max(values.max() ?? 0, 1e-3)
        var bins = [Int](repeating: 0, count: 20)
        for value in values where value >= 0 { bins[min(19, Int(value / top * 20))] += 1 }
        let most = Double(max(1, bins.max() ?? 1))
        var body = axes(most, "participants", left: "0 \(unit)", right: "\(top.text(1)) \(unit)")
        for (index, count) in bins.enumerated() where count > 0 {
            let x = across(Double(index) / 20)
            let y = down(Double(count) / most)
            let wide = (width - margin.left - margin.right) / 20 - 1
            body +=
                "<rect x=\"\(x.text(1))\" y=\"\(y.text(1))\" width=\"\(wide.text(1))\" height=\"\((down(0) - y).text(1))\" fill=\"\(colours[0])\"/>"
        }
        return figure(title, body)
    }

    private static func across(_ share: Double) -> Double { margin.left + share * (width - margin.left - margin.right) }
    private static func down(_ share: Double) -> Double {
        height - margin.bottom - share * (height - margin.top - margin.bottom)
    }

    private static func axes(_ top: Double, _ unit: String, left: String, right: String) -> String {
        """
        <path d="M\(across(0)) \(down(1))V\(down(0))H\(across(1))" fill="none" stroke="#999"/>\
        <text x="4" y="12">\(top.text(2)) \(escaped(unit))</text><text x="\(margin.left - 12)" y="\(down(0))">0</text>\
        <text x="\(margin.left)" y="\(height - 6)">\(escaped(left))</text>\
        <text x="\(across(1))" y="\(height - 6)" text-anchor="end">\(escaped(right))</text>
        """
    }

    private static func figure(_ title: String, _ body: String) -> String {
        "<figure><figcaption>\(escaped(title))</figcaption><svg viewBox=\"0 0 \(width) \(height)\" role=\"img\">"
            + body + "</svg></figure>"
    }

    static func escaped(_ text: String) -> String {
        text.reduce(into: "") { out, character in
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
    }
}
