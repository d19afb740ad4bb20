/// A report as one HTML page that needs nothing else: what matters in large type, a table, and charts in SVG.
package enum LoadPage {
    /// The whole page. Everything that came from elsewhere is escaped.
    package static func html(_ report: LoadReport) -> String {
        let notes =
            report.broken.map { "<p class=\"note broken\">Broken: \(escaped($0))</p>" }
            + report.warnings.map { "<p class=\"note warning\">Doubtful: \(escaped($0))</p>" }
            + report.errors.map { "<p class=\"note\">\(escaped($0))</p>" }
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Load on \(escaped(report.target))</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style>\(style)</style></head><body>
            <header><h1>Load on \(escaped(report.target))</h1>
            <p>\(escaped(summary(report)))</p></header>
            \(notes.joined(separator: "\n"))
            <section class="cards">\(cards(report))</section>
            <section class="charts">
            \(charts(report).joined(separator: "\n"))
            </section>
            <section><h2>Everything</h2>
            <pre>\(escaped(LoadTable.text(report, indent: "")))</pre></section>
            </body></html>

            """
    }

    private static func summary(_ report: LoadReport) -> String {
        let people = report.participants
        var text = "\(people.joined) of \(people.wanted) joined, \(report.seconds.text(0)) s"
        if let profile = report.profile { text += ", \(profile)" }
        return text
    }

    private static func cards(_ report: LoadReport) -> String {
        func card(_ name: String, _ value: String, _ details: String?..., isBad: Bool = false) -> String {
            // A line breaks between two details, not within one.
            let detail = details.compactMap { $0?.replacing(" ", with: "\u{a0}") }.joined(separator: ", ")
            return
                "<div class=\"card\(isBad ? " bad" : "")\"><i>\(name)</i><b>\(escaped(value))</b><span>\(escaped(detail))</span></div>"
        }
        let received = report.received
        let people = report.participants
        var cards = [
            card(
                "Joined", "\(people.joinedPercent.text(1)) %",
                report.joinMilliseconds.map { "median \($0.p50.text(0)) ms" } ?? "nobody",
                report.joinMilliseconds.map { "p99 \($0.p99.text(0)) ms" },
                isBad: people.joined < people.wanted),
            card(
                "Lost", "\(received.lossPercent.text(4)) %",
                "\(received.lost) of \(received.packets + received.lost)", "\(received.recovered) recovered",
                isBad: received.lost > 0),
            card(
                "Latency", report.latencyMilliseconds.map { "\($0.p50.text(2)) ms" } ?? "–",
                report.latencyMilliseconds.map { "p99 \($0.p99.text(2)) ms" } ?? "nothing came",
                report.latencyMilliseconds.map { "at most \($0.maximum.text(1)) ms" }),
            card(
                "Received", "\((Double(received.bytes) * 8 / max(report.seconds, 1e-3) / 1e6).text(1)) Mbit/s",
                "\((Double(received.packets) / max(report.seconds, 1e-3)).text(0)) packets a second"),
        ]
        if let server = report.server {
            cards.append(
                card(
                    "Server", "\(server.cpuPercent.text(1)) %",
                    "\(server.microsecondsPerReceivedPacket.text(2)) µs a packet",
                    server.peakMebibytes.map { "\($0.text(0)) MiB" }))
        }
        cards.append(
            card(
                "This program", "\(report.generator.cpuPercent.text(1)) %",
                "\(report.generator.microsecondsPerReceivedPacket.text(2)) µs a packet",
                isBad: !report.warnings.isEmpty))
        return cards.joined()
    }

    private static func charts(_ report: LoadReport) -> [String] {
        let times = report.samples.map(\.seconds)
        func over(_ title: String, _ unit: String, _ lines: [LoadChart.Line]) -> String {
            LoadChart(title: title, unit: unit).lines(lines, at: times)
        }
        var charts = [
            over(
                "Received", "Mbit/s",
                [.init(name: "received", values: report.samples.map { $0.receivedBitsPerSecond / 1e6 })]),
            over("Loss", "%", [.init(name: "lost", values: report.samples.map(\.lossPercent))]),
            over(
                "One-way latency", "ms",
                [
                    .init(name: "p99", values: report.samples.map { $0.latencyP99 ?? .nan }),
                    .init(name: "p50", values: report.samples.map { $0.latencyP50 ?? .nan }),
                ]),
            LoadChart(title: "Join times", unit: "ms").histogram(report.joinTimes),
        ]
        let own = LoadChart.Line(name: "this program", values: report.samples.map(\.generatorCPUPercent))
        guard report.server != nil else { return charts + [over("Processor time", "% of one", [own])] }
        let server = LoadChart.Line(name: "server", values: report.samples.map { $0.serverCPUPercent ?? .nan })
        charts.append(over("Processor time", "% of one", [server, own]))
        charts.append(
            over(
                "Server memory", "MiB",
                [.init(name: "resident", values: report.samples.map { $0.serverMebibytes ?? .nan })]
            ))
        return charts
    }

    private static let style = """

        :root{color-scheme:light dark;--ground:#f4f5f8;--surface:#fff;--line:#dfe3ec;--text:#1a1f2b;--soft:#5a6375;--a:#3457d5;--b:#c2570c;
        --bad:#c62f3b;--warning:#8a5a00}
        @media (prefers-color-scheme:dark){:root{--ground:#12151c;--surface:#1b202b;--line:#323a4a;--text:#eceff5;--soft:#9ea8bb;
        --a:#7d97ff;--b:#f0a55f;--bad:#ff7a83;--warning:#f0b955}}
        body{font:15px/1.5 system-ui,"Segoe UI",Roboto,Arial,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;
        color:var(--text);background:var(--ground)}
        h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}header p{margin:.2rem 0 1rem;color:var(--soft)}
        .note{background:var(--surface);border-left:4px solid var(--line);border-radius:6px;padding:.5rem .8rem;margin:.5rem 0}
        .broken{border-color:var(--bad);color:var(--bad);font-weight:600}.warning{border-color:var(--warning);color:var(--warning)}
        .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.8rem;margin:1rem 0}
        .card,figure,pre{background:var(--surface);border:1px solid var(--line);border-radius:10px}
        .card{padding:.7rem .9rem;display:flex;flex-direction:column}.card i{font-style:normal;color:var(--soft)}
        .card b{font-size:1.4rem;font-weight:650;letter-spacing:-.01em}.card span{font-size:.85rem;color:var(--soft)}.card.bad b{color:var(--bad)}
        .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr));gap:.8rem}
        figure{margin:0;padding:.7rem .9rem .3rem}figcaption i{font-style:normal;color:var(--soft);font-size:.85rem}
        .legend{display:flex;flex-wrap:wrap;gap:0 1rem;margin:.1rem 0 .4rem;font-size:.85rem;color:var(--soft)}.key{white-space:nowrap}
        .key::before{content:"";display:inline-block;width:.7rem;height:.7rem;border-radius:3px;margin-right:.35rem;background:var(--a)}
        .key.b::before{background:var(--b)}
        svg{width:100%;height:auto;display:block}text{font-size:12px;fill:var(--soft)}.grid{stroke:var(--line);stroke-width:1}
        polyline{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}polyline.a{stroke:var(--a)}polyline.b{stroke:var(--b)}
        rect.a,circle.a{fill:var(--a)}circle.b{fill:var(--b)}.area{fill:var(--a);opacity:.13}
        pre{padding:.9rem;overflow:auto;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:0}

        """

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
