import Configuration
import Glibc
import Log
import Loop

/// The server itself: builds relay, faces and listener from the settings, and runs them until a signal.
enum Service {
    static func run(_ settings: Settings) -> Int32 {
        do {
            let main = try MainLoop()
            try main.loop.signal(SIGTERM) { main.stop() }
            try main.loop.signal(SIGINT) { main.stop() }
            main.run()
            return CommandLineTool.ExitCode.done
        } catch {
            Log.error("cannot-start", ["reason": "\(error)"])
            return CommandLineTool.ExitCode.failed
        }
    }
}
