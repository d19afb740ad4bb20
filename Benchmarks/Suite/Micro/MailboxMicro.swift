import CBench
import Dispatch
import Foundation
import Load
import Loop
import Synchronization

/// A message to another thread's loop and its answer: what a command to a worker waits for.
struct MailboxMicro {
    private let rounds = 2_000

    /// Another thread with a loop that sends back whatever comes; a negative message ends it.
    private static func echo(to back: Mailbox<Int>) throws -> Mailbox<Int> {
        let birth = Birth()
        Thread.detachNewThread {
            if let loop = try? EventLoop() {
                let mailbox = try? loop.mailbox(of: Int.self) { messages in
                    for message in messages {
                        if message < 0 { loop.stop() } else { back.post(message) }
                    }
                }
                birth.mailbox.withLock { $0 = mailbox }
                birth.isReady.signal()
                if mailbox != nil { loop.run() }
                loop.close()
            } else {
                birth.isReady.signal()
            }
        }
        birth.isReady.wait()
        guard let mailbox = birth.mailbox.withLock({ $0 }) else { throw BenchmarkError("no event loop") }
        return mailbox
    }

    private final class Birth: Sendable {
        let mailbox = Mutex<Mailbox<Int>?>(nil)
        let isReady = DispatchSemaphore(value: 0)
    }

    func run() throws -> [MicroRow] {
        var rows: [MicroRow] = []
        let loop = try EventLoop()
        var left = 0
        var far: Mailbox<Int>?
        let near = try loop.mailbox(of: Int.self) { messages in
            for message in messages {
                left -= 1
                if left > 0 { far?.post(message) }
            }
        }
        let echo = try Self.echo(to: near)
        far = echo
        defer {
            echo.post(-1)
            loop.close()
        }
        rows.append(
            try interleaved("one message, round trip (time passed)", unit: .microseconds) {
                left = rounds
                let start = now()
                echo.post(1)
                while left > 0 { loop.runOnce() }
                return Double(now() - start) * 1_000 / Double(rounds)
            } bound: {
                cbench_raw_round_trip(Int32(rounds))
            })
        return rows
    }
}
