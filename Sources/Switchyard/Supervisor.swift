import CNet
import CUV  // whose header brings in, and so owns, the C types of time
import Glibc
import Log

/// The parent process of the server: starts it, passes signals on, and starts it again when it crashes.
///
/// The child is this same program, told by an environment variable. It has a process group of its own, so that a
/// terminal's Ctrl-C reaches it once, through here, and the kernel kills it should this process die.
struct Supervisor {
    private static let mark = "SWITCHYARD_SUPERVISOR"
    /// A child that has not ended so long after the first signal is killed.
    private static let patienceMilliseconds: Int64 = 6000
    /// After a second signal.
    private static let shortPatienceMilliseconds: Int64 = 500

    private var policy = RestartPolicy()
    private var child: pid_t = 0
    private var startedAt: Int64 = 0
    private var signalsPassedOn = 0
    private var killAt: Int64?
    private var restartAt: Int64?
    private let watched: sigset_t

    init() {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD] { sigaddset(&set, signal) }
        watched = set
    }

    /// Whether this process is a supervisor's child; if so it will not outlive it.
    static func adopt(_ environment: [String: String]) -> Bool {
        guard let parent = environment[mark].flatMap(Int32.init), parent == getppid() else { return false }
        unsetenv(mark)
        cnet_name_thread("switchyard")  // started by /proc/self/exe, it would show as `exe`
        cnet_die_with_parent()
        if getppid() != parent { exit(CommandLineTool.ExitCode.failed) }  // it died just now
        return true
    }

    /// Runs until the child ends other than by a crash, or a signal asks for the end.
    /// - Returns: the exit code.
    consuming func run() -> Int32 {
        var supervisor = self
        return supervisor.loop()
    }

    private mutating func loop() -> Int32 {
        var set = watched
        sigprocmask(SIG_BLOCK, &set, nil)
        // A shell's background jobs begin with SIGINT ignored, and what is ignored cannot be waited for.
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
        signal(SIGCHLD, SIG_DFL)
        if let code = start() { return code }
        while true {
            switch waitForSignal() {
            case 0: break
            case SIGCHLD:
                if let code = reap() { return code }
            case let signal:
                if let code = passOn(signal) { return code }
            }
            if let killAt, Self.now() >= killAt {
                self.killAt = nil
                kill(child, SIGKILL)
            }
            if let restartAt, Self.now() >= restartAt {
                self.restartAt = nil
                if let code = start() { return code }
            }
        }
    }

    /// The next signal, or 0 when something else is due.
    private func waitForSignal() -> Int32 {
        var set = watched
        guard let due = [killAt, restartAt].compactMap({ $0 }).min() else { return max(0, sigwaitinfo(&set, nil)) }
        let milliseconds = max(0, due - Self.now())
        var timeout = timespec(tv_sec: Int(milliseconds / 1000), tv_nsec: Int(milliseconds % 1000) * 1_000_000)
        return max(0, sigtimedwait(&set, nil, &timeout))
    }

    /// - Returns: an exit code when the child cannot be started at all.
    private mutating func start() -> Int32? {
        startedAt = Self.now()
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var defaults = watched
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        setenv(Self.mark, "\(getpid())", 1)
        defer {
            unsetenv(Self.mark)
            for argument in arguments { free(argument) }
        }
        let code = posix_spawn(&child, "/proc/self/exe", nil, &attributes, &arguments, environ)
        if code == 0 { return nil }
        Log.error("supervisor.cannot-start", ["reason": String(cString: strerror(code))])
        return CommandLineTool.ExitCode.failed
    }

    /// Looks at how the child ended.
    /// - Returns: the exit code, unless it is to be started again.
    private mutating func reap() -> Int32? {
        var status: Int32 = 0
        guard child != 0, waitpid(child, &status, WNOHANG) == child else { return nil }
        child = 0
        let signal = status & 0x7F  // WTERMSIG
        if signal == 0 { return (status >> 8) & 0xFF }  // WEXITSTATUS
        if signalsPassedOn > 0 { return 128 + signal }
        let delay = policy.delayAfterCrash(lifetimeMilliseconds: Self.now() - startedAt)
        Log.error(
            "supervisor.crashed",
            ["signal": String(cString: strsignal(signal)), "number": "\(signal)", "restart_in_ms": "\(delay)"])
        restartAt = Self.now() + delay
        return nil
    }

    /// - Returns: an exit code when there is no child to pass it on to.
    private mutating func passOn(_ signal: Int32) -> Int32? {
        guard child != 0 else { return CommandLineTool.ExitCode.done }
        kill(child, signal)
        signalsPassedOn += 1
        let patience = signalsPassedOn == 1 ? Self.patienceMilliseconds : Self.shortPatienceMilliseconds
        killAt = min(killAt ?? Int64.max, Self.now() + patience)
        return nil
    }

    /// Milliseconds of a clock that nobody sets.
    private static func now() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
