// Run by LoopTests: only a process of its own has a main thread that nobody else runs.
import Glibc
import Loop

let mainLoop = try MainLoop()
let mainThread = pthread_self()
var steps: [String] = []

/// Notes a step, and that it happened on the main thread.
@MainActor func step(_ name: String) {
    steps.append(pthread_self() == mainThread ? name : "\(name) on another thread")
}

mainLoop.loop.timer(afterMilliseconds: 0) {
    MainActor.assumeIsolated { step("timer") }
    Task { @MainActor in
        step("task")
        try? await Task.sleep(for: .milliseconds(5))
        step("slept")
        await Task.detached {
            await MainActor.run { step("came back") }
        }.value
        for _ in 0..<1000 { await Task.yield() }
        step("yielded")
        mainLoop.loop.offload {
            pthread_self()
        } then: { thread in
            MainActor.assumeIsolated {
                step(thread == mainThread ? "offloaded to the main thread" : "offloaded")
                kill(getpid(), SIGTERM)
            }
        }
    }
    // Runs at once, before the task above.
    Task.immediate { @MainActor in step("immediate") }
}
_ = try mainLoop.loop.signal(SIGTERM) {
    MainActor.assumeIsolated {
        step("signal")
        mainLoop.stop()
    }
}
mainLoop.run()
print(steps.joined(separator: ", "))
