import CPage
import Configuration
import Glibc
import MediaServer
import RelayControl
import RoomModel
import Secrets
@testable import Server
import Testing
import Web

@testable import switchyard

struct MetricsTests {
    @Test func writesHelpTypeAndSample() {
        var text = MetricsText()
        text.gauge("a", "What a is.", 1.5)
        text.counters("b_total", "What b is.", label: "kind", [("x\"\\\n", 2)])
        #expect(
            text.text == """
                # HELP a What a is.
                # TYPE a gauge
                a 1.5
                # HELP b_total What b is.
                # TYPE b_total counter
                b_total{kind="x\\"\\\\\\n"} 2

                """)
    }

    @Test func keepsLargeCountersWhole() {
        var totals = RelayTotals()
        totals.packetsSent = 9_007_199_254_740_991
        var text = MetricsText()
        text.add(totals)
        #expect(text.text.contains("\nswitchyard_sent_packets_total 9007199254740991\n"))
    }

    @Test func everyNameIsDescribedOnceAndCountersEndInTotal() {
        var text = MetricsText()
        text.add(RelayTotals())
        text.add(ServerCounters())
        text.add((rooms: 1, users: 2, eventListeners: 3))
        text.add(ProcessUsage.now())
        let types = text.text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ") }
        #expect(Set(types.map { $0[2] }).count == types.count)
        #expect(types.allSatisfy { ($0[3] == "counter") == $0[2].hasSuffix("_total") })
    }

    @Test func measuresThisProcess() throws {
        let usage = ProcessUsage.now()
        #expect(usage.residentBytes > 1 << 20 && usage.virtualBytes > usage.residentBytes)
        #expect(usage.openFiles >= 3 && usage.maximumFiles >= usage.openFiles && usage.threads >= 1)
        #expect(usage.startedAt > 1_700_000_000 && usage.startedAt <= Double(time(nil)) + 1)
        let descriptors = [dup(2), dup(2), dup(2)]
        defer { for descriptor in descriptors { close(descriptor) } }
        #expect(ProcessUsage.now().openFiles >= 6)
    }
}

struct RestartPolicyTests {
    @Test func waitsLongerAfterEachEarlyCrash() {
        var policy = RestartPolicy()
        let delays = (0..<12).map { _ in policy.delayAfterCrash(lifetimeMilliseconds: 50) }
        #expect(delays.prefix(4) == [100, 200, 400, 800])
        #expect(delays.last == 30_000)
        #expect(policy.delayAfterCrash(lifetimeMilliseconds: 60_000) == 100)
    }
}

@MainActor struct PageTests {
    private func files() -> [PageAsset] { (0..<cpage_count()).compactMap { cpage_at($0)?.pointee }.map(PageAsset.init) }

    /// The files of a folder, without its folders.
    private func names(in folder: String) throws -> [String] {
        let handle = try #require(opendir(folder))
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix("."), entry.pointee.d_type != UInt8(DT_DIR) { names.append(name) }
        }
        return names
    }

    @Test func everyFileOfTheFolderIsInTheBinary() throws {
        let folder =
            "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/") + "/Sources/Switchyard/Page"
        let names = try names(in: folder) + names(in: folder + "/aura").map { "aura/" + $0 }
        #expect(Set(files().map(\.name)) == Set(names))
    }

    @Test func servesEachFileWithItsTypeAndPolicy() throws {
        for file in files() {
            let response = file.response(to: Request(method: .GET, segments: [file.name]))
            #expect(response.status == 200 && !response.body.isEmpty)
            #expect(response.headers["Content-Type"] != "application/octet-stream", "\(file.name)")
            #expect(response.headers["Content-Security-Policy"]?.contains("default-src 'none'") == true)
        }
        for path in ["/", "/aura", "/aura/app.js"] {
            #expect(PageRoutes.all.contains { $0.pattern == path && $0.access == .open })
        }
    }

    @Test func answersABrowserThatHasTheFile() throws {
        let file = try #require(files().first)
        let tag = try #require(file.response(to: Request(method: .GET, segments: [])).headers["ETag"])
        for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
            let request = Request(method: .GET, segments: [], headers: Headers([("If-None-Match", known)]))
            let response = file.response(to: request)
            #expect(response.status == 304 && response.body.isEmpty && response.headers["ETag"] == tag)
        }
        let other = Request(method: .GET, segments: [], headers: Headers([("If-None-Match", "\"other\"")]))
        #expect(file.response(to: other).status == 200)
    }
}

@MainActor struct MappingTests {
    @Test func everySettingReachesItsPart() throws {
        let settings = try configuration([
            "--listen", "[::1]:9000", "--tls-cert", "c.pem", "--tls-key", "k.pem", "--api-key", "a", "--allow-origin",
            "https://a.example", "--http-max-connections", "7", "--http-max-body", "2KiB", "--http-header-timeout",
            "1s",
            "--http-body-timeout", "2s", "--media-port", "5000", "--workers", "3", "--announce", "203.0.113.7=10.0.0.5",
            "--media-max-transports", "8", "--ice-consent-timeout", "3s", "--sdp-max-bytes", "4KiB",
            "--sdp-max-media-lines",
            "9", "--rooms-max", "10", "--rooms-empty-timeout", "1500ms", "--users-max-per-room", "11",
            "--users-idle-timeout", "4s", "--rooms-max-waiting", "12", "--srtp-backend", "openssl",
            "--passwords-at-once", "3", "--passwords-max-waiting", "13", "--passwords-failures-per-minute", "14",
        ]).settings

        let server = settings.server
        #expect(server.address == "::1" && server.port == 9000)
        #expect(server.certificatePath == "c.pem" && server.keyPath == "k.pem")
        #expect(server.apiKeys == ["a"] && server.allowOrigins == ["https://a.example"])
        #expect(server.maximumConnections == 7 && server.maximumBodyBytes == 2048)
        #expect(server.headerTimeoutMilliseconds == 1000 && server.bodyTimeoutMilliseconds == 2000)

        let relay = settings.relay(processors: 2)
        #expect(relay.workers == 3 && relay.mediaPort == 5000 && relay.includesLoopback)
        #expect(relay.announced == [.init(advertised: "203.0.113.7", local: "10.0.0.5")])
        #expect(relay.maximumTransports == 8 && relay.consentTimeoutMilliseconds == 3000)
        #expect(relay.srtpBackend == .openSSL)
        #expect(relay.maximumDescriptionBytes == 4096 && relay.maximumMediaLines == 9)

        let rooms = settings.rooms
        #expect(rooms.maximumRooms == 10 && rooms.emptyTimeout == 1.5)
        #expect(rooms.maximumParticipants == 11 && rooms.idleTimeout == 4)
        #expect(rooms.maximumWaiting == 12)

        let passwords = settings.passwords
        #expect(passwords.maximumInFlight == 3 && passwords.maximumWaiting == 13 && passwords.failuresPerMinute == 14)
    }

    @Test func advertisesLoopbackOnlyToWhoIsOnThisMachine() throws {
        #expect(Settings().relay(processors: 4).includesLoopback)
        let open = try configuration(["--listen", "0.0.0.0:80", "--api-key", "k"]).settings
        #expect(!open.relay(processors: 4).includesLoopback && open.relay(processors: 4).workers == 3)
    }
}
