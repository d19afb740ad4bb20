import Glibc
import Log
import Synchronization
import Testing

struct LogLineTests {
    private func line(_ format: Log.Format, _ fields: KeyValuePairs<String, String>, time: Int64 = 0) -> String {
        var bytes: [UInt8] = []
        LogLine.append(to: &bytes, format: format, time: time, level: .warning, event: "room.created", fields: fields)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func leavesPlainValuesBare() {
        #expect(
            line(.text, ["room": "a-1", "users": "3"])
                == "time=1970-01-01T00:00:00.000Z level=warning event=room.created room=a-1 users=3\n")
    }

    @Test(arguments: [
        ("", #""""#), ("two words", #""two words""#), ("a=b", #""a=b""#), (#"say "hi""#, #""say \"hi\"""#),
        (#"a\b"#, #""a\\b""#),
        ("one\ntwo\r\n", #""one\ntwo\r\n""#), ("\u{1B}[2J", #""\u001b[2J""#), ("\u{85}\u{2028}", #""\u0085\u2028""#),
        ("ab\u{202E}cd", #""ab\u202ecd""#), ("\u{E0001}", #""\udb40\udc01""#), ("жук 🐞", #""жук 🐞""#),
    ])
    func quotesWhatCouldBeMistaken(value: String, written: String) {
        #expect(line(.text, ["k": value]).hasSuffix(" k=\(written)\n"))
        #expect(line(.json, ["k": value]).hasSuffix(",\"k\":\(written)}\n"))
    }

    @Test(arguments: [(Log.Format.text, " event=two_words k=v\n"), (.json, #","event":"two_words","k":"v"}"# + "\n")])
    func anEventIsOneWord(format: Log.Format, end: String) {
        var bytes: [UInt8] = []
        LogLine.append(to: &bytes, format: format, time: 0, level: .info, event: "two words", fields: ["k": "v"])
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix(end))
    }

    @Test func neverBreaksALine() {
        let nasty = String(String.UnicodeScalarView((0...0x2FFF).compactMap(Unicode.Scalar.init)))
        for format in Log.Format.allCases {
            let bytes = Array(line(format, [nasty: nasty]).utf8)
            #expect(bytes.firstIndex(of: UInt8(ascii: "\n")) == bytes.count - 1)
            #expect(bytes.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F })
        }
    }

    @Test func keepsDelimitersOutOfKeys() {
        #expect(line(.text, ["a b=c\"": "1"]).hasSuffix(" a_b_c_=1\n"))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_709_210_096_789, "2024-02-29T12:34:56.789Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"), (1_798_761_599_001, "2026-12-31T23:59:59.001Z"),
    ])
    func writesTimesInUTC(milliseconds: Int64, text: String) {
        var bytes: [UInt8] = []
        Timestamp.append(to: &bytes, millisecondsSince1970: milliseconds)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }
}

struct LogSinkTests {
    @Test func writesOnlyFromItsLevelOn() {
        let sink = LogSink(descriptor: -1)
        #expect(!sink.isEnabled(.debug) && sink.isEnabled(.info))
        sink.configure(level: .error, format: .text)
        #expect(!sink.isEnabled(.warning) && sink.isEnabled(.error))
    }

    @Test func keepsLinesOfSeveralThreadsWhole() throws {
        let path = "/tmp/switchyard-log-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        let descriptor = open(path, O_CREAT | O_RDWR | O_EXCL, 0o600)
        try #require(descriptor >= 0)
        defer {
            close(descriptor)
            unlink(path)
        }
        let sink = LogSink(descriptor: descriptor)
        let threads = (0..<4).map { _ in
            Worker {
                for number in 0..<250 { sink.write(.info, "tick", ["text": "two words", "number": "\(number)"]) }
            }
        }
        threads.forEach { $0.join() }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let lines = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 1000)
        #expect(
            lines.allSatisfy {
                $0.hasPrefix("time=") && $0.contains(" level=info event=tick text=\"two words\" number=")
            })
    }
}

/// A thread that runs one closure.
private struct Worker {
    private let thread: pthread_t

    init(_ body: @escaping @Sendable () -> Void) {
        final class Box {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        precondition(code == 0)
        self.thread = thread
    }

    func join() { pthread_join(thread, nil) }
}
