internal import CHTTPParser
internal import Glibc
internal import Web

/// Writes responses as HTTP/1.1.
nonisolated enum ResponseWriter {
    static let goOn = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// What becomes of the connection after a response.
    enum Ending {
        case keepAlive
        /// An HTTP/1.0 client has to be told.
        case keepAliveHTTP10
        case close
        case upgrade
    }

    /// The whole response; for HEAD without its body, and with the length that GET's would have.
    static func write(_ response: Response, ending: Ending, isHEAD: Bool, now: time_t) -> [UInt8] {
        let hasBody = response.status >= 200 && response.status != 204 && response.status != 304
        var bytes = head(
            status: response.status, headers: response.headers, length: hasBody ? response.body.count : nil,
            ending: ending, now: now)
        if hasBody, !isHEAD { bytes += response.body }
        return bytes
    }

    static func head(status: Int, headers: Headers, length: Int?, ending: Ending, now: time_t) -> [UInt8] {
        var text = "HTTP/1.1 \(status) \(reason(status))\r\n"
        for (name, value) in headers.fields where isOurs(name) == false && isSafe(name) && isSafe(value) {
            text += "\(name): \(value)\r\n"
        }
        if let length { text += "Content-Length: \(length)\r\n" }
        text += "Date: \(date(now))\r\nX-Content-Type-Options: nosniff\r\n"
        switch ending {
        case .keepAlive: break
        case .keepAliveHTTP10: text += "Connection: keep-alive\r\n"
        case .close: text += "Connection: close\r\n"
        case .upgrade: text += "Connection: Upgrade\r\n"
        }
        return Array((text + "\r\n").utf8)
    }

    /// The fields that belong to the connection; a handler's would contradict what is really sent.
    private static func isOurs(_ name: String) -> Bool {
        ["content-length", "connection", "date", "transfer-encoding", "keep-alive"].contains(name.lowercased())
    }

    private static func isSafe(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x09 }
    }

    private static func reason(_ status: Int) -> String {
        // http-parser's table lacks nothing that is sent here; it reads "<unknown>" for other numbers.
        guard let number = UInt32(exactly: status), (100...599).contains(number) else { return "Unknown" }
        let text = String(cString: http_status_str(http_status(number)))
        return text.hasPrefix("<") ? "Unknown" : text
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, whatever the locale.
    static func date(_ now: time_t) -> String {
        var now = now
        var parts = tm()
        gmtime_r(&now, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let day = days[Int(parts.tm_wday) % 7]
        let month = months[Int(parts.tm_mon) % 12]
        return "\(day), \(two(parts.tm_mday)) \(month) \(1900 + parts.tm_year) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}
