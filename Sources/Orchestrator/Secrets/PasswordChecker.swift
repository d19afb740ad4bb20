public import Loop

/// Hashes and verifies passwords on the thread pool: few at a time, so many waiting, and a limit of wrong ones for each
/// remote address. One for the whole server, so that its bounds are the server's.
@MainActor
public final class PasswordChecker {
    /// Its bounds.
    public struct Settings: Sendable, Equatable {
        /// What new hashes cost.
        public var cost = PasswordHash.Cost()
        /// Hashes at one time; each takes a thread of the pool and `cost.memoryKiB`.
        public var maximumInFlight = 2
        /// Passwords that may wait for their turn; further ones are `overloaded`.
        public var maximumWaiting = 1000
        /// Wrong passwords that one address may send in a row, and then in each minute; 0: any number.
        public var failuresPerMinute = 10

        public init() {}
    }

    /// What came of verifying a password.
    public struct Verdict: Sendable, Equatable {
        public let isRight: Bool
        /// The password is right, and its hash was made at another cost than new ones are: `hash` it again, and keep
        /// that.
        public let needsRehash: Bool

        public init(isRight: Bool, needsRehash: Bool = false) {
            self.isRight = isRight
            self.needsRehash = needsRehash
        }
    }

    public let settings: Settings
    private let loop: EventLoop
    private let now: () -> Double
    private let stranger: PasswordHash
    private var limit: AttemptLimit
    private var waiting: [Job] = []
    private var inFlight: [Int: Job] = [:]
    private var nextID = 0
    private var isClosed = false

    /// - Parameters:
    ///   - loop: the control thread's, whose thread pool does the work.
    ///   - now: seconds on a clock that never goes backwards.
    public init(loop: EventLoop, settings: Settings = Settings(), now: @escaping () -> Double) {
        self.loop = loop
        self.settings = settings
        self.now = now
        stranger = .ofNothing(cost: settings.cost)
        limit = AttemptLimit(perMinute: settings.failuresPerMinute)
    }

    /// Hashes a new password.
    /// - Throws: `overloaded`, `tooLong`, `noMemory`, `closed`.
    public func hash(_ password: String) async throws(PasswordError) -> PasswordHash {
        try Self.checkLength(password)
        return try await perform(.hash(password), source: nil).hash
    }

    /// Verifies a password.
    /// - Parameters:
    ///   - hash: what is stored for the user or room that was named; nil where there is none, which takes as long and
    ///     is wrong, so that nobody finds out by the clock who exists.
    ///   - address: of the peer, as `Request.remoteAddress` has it.
    /// - Throws: `tooManyAttempts` (nothing was compared), `overloaded`, `tooLong`, `noMemory`, `closed`.
    public func verify(
        _ password: String, against hash: PasswordHash?, from address: String
    ) async throws(PasswordError) -> Verdict {
        try Self.checkLength(password)
        let source = AttemptLimit.Source(address)
        if let wait = limit.wait(source, at: now()) { throw .tooManyAttempts(retryAfterSeconds: wait) }
        let outcome = try await perform(.verify(password, hash ?? stranger), source: source)
        return Verdict(
            isRight: outcome.isRight, needsRehash: outcome.isRight && outcome.hash.needsRehash(for: settings.cost))
    }

    /// Passwords that are being worked on or wait for it.
    public var pending: Int { inFlight.count + waiting.count }

    /// Whoever waits hears `closed`, and so does everybody who comes later. To be called before the loop is closed.
    public func close() {
        isClosed = true
        let abandoned = inFlight.values + waiting
        inFlight = [:]
        waiting = []
        for job in abandoned { job.continuation.resume(returning: .failure(.closed)) }
    }

    // MARK: One after the other

    private enum Work: Sendable {
        case hash(String)
        case verify(String, PasswordHash)
    }

    private struct Outcome: Sendable {
        /// The one that was made, or verified against.
        var hash: PasswordHash
        var isRight = true
    }

    private struct Job {
        let work: Work
        /// Nil where no address is held to account.
        let source: AttemptLimit.Source?
        let continuation: CheckedContinuation<Result<Outcome, PasswordError>, Never>
    }

    private func perform(_ work: Work, source: AttemptLimit.Source?) async throws(PasswordError) -> Outcome {
        guard !isClosed else { throw .closed }
        guard inFlight.count < max(1, settings.maximumInFlight) || waiting.count < settings.maximumWaiting else {
            throw .overloaded
        }
        let result = await withCheckedContinuation { continuation in
            waiting.append(Job(work: work, source: source, continuation: continuation))
            startWaiting()
        }
        return try result.get()
    }

    private func startWaiting() {
        while inFlight.count < max(1, settings.maximumInFlight), !waiting.isEmpty {
            let job = waiting.removeFirst()
            // Others from there may have failed while this one waited.
            if let source = job.source, let wait = limit.wait(source, at: now()) {
                job.continuation.resume(returning: .failure(.tooManyAttempts(retryAfterSeconds: wait)))
                continue
            }
            start(job)
        }
    }

    private func start(_ job: Job) {
        let id = nextID, work = job.work
        nextID &+= 1
        inFlight[id] = job
        let cost = settings.cost
        loop.offload {
            Self.outcome(of: work, cost: cost)
        } then: { result in
            MainActor.assumeIsolated { self.finish(id, result) }
        }
    }

    private func finish(_ id: Int, _ result: Result<Outcome, PasswordError>) {
        guard let job = inFlight.removeValue(forKey: id) else { return }
        if case .success(let outcome) = result, !outcome.isRight, let source = job.source {
            limit.fail(source, at: now())
        }
        job.continuation.resume(returning: result)
        startWaiting()
    }

    /// Blocks: on the pool only.
    nonisolated private static func outcome(
        of work: Work, cost: PasswordHash.Cost
    ) -> Result<Outcome, PasswordError> {
        do throws(PasswordError) {
            switch work {
            case .hash(let password): return .success(Outcome(hash: try PasswordHash.make(password, cost: cost)))
            case .verify(let password, let hash):
                return .success(Outcome(hash: hash, isRight: try hash.verify(password)))
            }
        } catch {
            return .failure(error)
        }
    }

    private static func checkLength(_ password: String) throws(PasswordError) {
        let limit = PasswordHash.maximumPasswordBytes
        if password.utf8.count > limit { throw .tooLong(limitBytes: limit) }
    }
}
