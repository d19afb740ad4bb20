/// A report as a table for people.
package enum LoadTable {
    /// Lines, each ended by a line feed: figures first, then what is doubtful, failed or broke a bound.
    /// - Parameter indent: what each begins with.
    package static func text(_ report: LoadReport, indent: String = "  ") -> String {
        var lines: [String] = []
        func row(_ name: String, _ value: String) {
            lines.append(indent + name + String(repeating: " ", count: max(1, 14 - name.count)) + value)
        }
        let people = report.participants
        row("joined", "\(people.joined) of \(people.wanted)" + (people.left > 0 ? ", \(people.left) left" : ""))
        if let times = report.joinMilliseconds { row("join time", describe(times)) }
        if let times = report.restMilliseconds { row("REST calls", describe(times)) }
        row(
            "sent",
            "\(report.sent.packets) packets, \(report.sent.retransmissions) resent, \(report.sent.keyframesAskedFor) keyframes asked for"
        )
        let received = report.received
        if report.sent.dropped > 0 || received.dropped > 0 {
            row(
                "thrown away",
                "\(report.sent.dropped) when sent, \(received.dropped) when received; \(received.nacked) asked for again"
            )
        }
        row(
            "received",
            "\(received.packets) packets, \((Double(received.bytes) * 8 / report.seconds / 1e6).text(2)) Mbit/s on average"
        )
        row(
            "lost",
            "\(received.lost) (\(received.lossPercent.text(4)) %), \(received.recovered) recovered"
                + (received.superfluous > 0 ? ", \(received.superfluous) came again for nothing" : ""))
        row(
            "wrong",
            "\(received.duplicated) duplicated, \(received.reordered) reordered, \(received.corrupted) corrupted, \(received.forged) forged, \(received.silentStreams) silent streams"
        )
        if let times = report.latencyMilliseconds { row("latency", describe(times)) }
        if let slow = report.slow {
            let rate = Double(slow.bytes) * 8 / report.seconds / 1e6
            row(
                "slow paths",
                "\(slow.subscribers) a room with \(slow.pathBitsPerSecond / 1_000) kbit/s: \(rate.text(2)) Mbit/s, \(slow.videoFrames) frames, \(slow.lost) lost (\(slow.lossPercent.text(2)) %), \(slow.droppedOnTheWay) found the queue full"
            )
            if let times = slow.latencyMilliseconds { row("", describe(times)) }
        }
        if let profile = report.profile { row("SRTP", profile) }
        if let server = report.server {
            row("server", describe(server) + (server.peakMebibytes.map { ", \($0.text(1)) MiB at most" } ?? ""))
        }
        row("this program", describe(report.generator))
        var text = lines.map { $0 + "\n" }.joined()
        for warning in report.warnings { text += "\(indent)warning: \(warning)\n" }
        for error in report.errors { text += "\(indent)error: \(error)\n" }
        for bound in report.broken { text += "\(indent)broken: \(bound)\n" }
        return text
    }

    private static func describe(_ times: LoadReport.Times) -> String {
        "p50 \(times.p50.text(2)) ms, p95 \(times.p95.text(2)) ms, p99 \(times.p99.text(2)) ms, at most \(times.maximum.text(2)) ms"
    }

    private static func describe(_ usage: LoadReport.Usage) -> String {
        "\(usage.cpuPercent.text(1)) % of a processor, \(usage.microsecondsPerReceivedPacket.text(2)) µs per packet received"
    }

    /// What one second was like: `[#####-----] 50 %  12 joined  3.1 Mbit/s …`.
    package static func line(_ sample: LoadSample, progress: Double, width: Int = 20) -> String {
        let filled = min(width, max(0, Int((progress * Double(width)).rounded(.down))))
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled)
        var line =
            "[\(bar)] \((progress * 100).text(0)) %  \(sample.joined) joined  \((sample.receivedBitsPerSecond / 1e6).text(1)) Mbit/s"
        line += "  \(sample.packetsPerSecond.text(0)) packets/s  loss \(sample.lossPercent.text(2)) %"
        if let p99 = sample.latencyP99 { line += "  p99 \(p99.text(1)) ms" }
        if let cpu = sample.serverCPUPercent { line += "  server \(cpu.text(0)) %" }
        return line + "  load \(sample.generatorCPUPercent.text(0)) %"
    }
}
