import Glibc
import Synchronization

/// Where lines go: one file descriptor, one `write` a line, from any thread.
package final class LogSink: Sendable {
    private let descriptor: Int32
    private let level = Atomic<Int>(Log.Level.info.rawValue)
    private let format = Atomic<Int>(Log.Format.text.rawValue)
    /// The line being made; kept, so that a line costs no allocation of its own.
    private let line = Mutex<[UInt8]>([])

    /// - Parameter descriptor: stays the caller's; it is never closed here.
    package init(descriptor: Int32) { self.descriptor = descriptor }

    package func configure(level: Log.Level, format: Log.Format) {
        self.level.store(level.rawValue, ordering: .relaxed)
        self.format.store(format.rawValue, ordering: .relaxed)
    }

    package func isEnabled(_ level: Log.Level) -> Bool { level.rawValue >= self.level.load(ordering: .relaxed) }

    /// Writes one line, whatever the level.
    package func write(_ level: Log.Level, _ event: StaticString, _ fields: KeyValuePairs<String, String>) {
        let format = Log.Format(rawValue: self.format.load(ordering: .relaxed)) ?? .text
        let now = Self.millisecondsSince1970()
        line.withLock { line in
            line.removeAll(keepingCapacity: true)
            LogLine.append(to: &line, format: format, time: now, level: level, event: event, fields: fields)
            send(line)
        }
    }

    /// All of the bytes, or nothing more once the reader is gone or has not read for a second: logging must not stop media.
    private func send(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.write(descriptor, start + sent, bytes.count - sent)
                if count > 0 {
                    sent += count
                } else if count < 0 && errno == EINTR {
                    continue
                } else if count < 0 && errno == EAGAIN {
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    if poll(&wait, 1, 1000) <= 0 { return }
                } else {
                    return
                }
            }
        }
    }

    private static func millisecondsSince1970() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
