import Foundation
import Testing

@Suite struct MainLoopTests {
    @Test func tasksOfTheMainActorRunBetweenTheLoopsCallbacksOnItsThread() throws {
        // The build puts the tests and the probe into one directory.
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let probe = Process()
        probe.executableURL = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent(
            "main-loop-probe")
        let output = Pipe()
        probe.standardOutput = output
        try probe.run()
        // Ends the probe, and so this test, if it hangs.
        let guardian = DispatchWorkItem { [id = probe.processIdentifier] in kill(id, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + 10, execute: guardian)
        let data = output.fileHandleForReading.readDataToEndOfFile()
        probe.waitUntilExit()
        guardian.cancel()
        #expect(probe.terminationStatus == 0)
        #expect(
            String(decoding: data, as: UTF8.self)
                == "timer, immediate, task, slept, came back, yielded, offloaded, signal\n")
    }
}
