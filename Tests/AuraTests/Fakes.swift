import Aura
import RelayControl
import Secrets

/// Lets what was begun come to its end: some of it waits for other threads, so a count of turns alone would not do.
@MainActor func othersHaveHadTheirTurns() async {
    let end = ContinuousClock.now + .milliseconds(30)
    var turns = 0
    while turns < 1000 || ContinuousClock.now < end {
        await Task.yield()
        turns += 1
    }
}

/// The same until something holds, for five seconds at most.
@MainActor func until(_ condition: () -> Bool) async {
    let end = ContinuousClock.now + .seconds(5)
    while !condition(), ContinuousClock.now < end { await Task.yield() }
}

/// Passwords whose hash shows them, checked at once or when the test lets it happen.
@MainActor final class FakePasswords: Passwords {
    /// Whether checks wait for `release()`.
    var isHeld = false
    /// What the next check fails with.
    var failure: PasswordError?
    /// How many were checked.
    private(set) var checks = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func hash(_ password: String) async throws(PasswordError) -> String { "hash of \(password)" }

    func isRight(_ password: String, hash: String, from address: String) async throws(PasswordError) -> Bool {
        checks += 1
        if isHeld { await withCheckedContinuation { waiting.append($0) } }
        if let failure { throw failure }
        return hash == "hash of \(password)"
    }

    /// Lets everything that waits go on, and what comes of it happen.
    func release() async {
        isHeld = false
        let all = waiting
        waiting = []
        for each in all { each.resume() }
        await othersHaveHadTheirTurns()
    }
}

/// Telephones that can be reached, and what was asked of them.
@MainActor final class FakeTelephony: Telephony {
    var reachable: Set<String> = []
    /// Rooms by call and user.
    var calls: [String: RoomID] = [:]
    private(set) var log: [String] = []
    private(set) var ringing: [ParticipantID] = []

    func ring(_ destination: String, into room: RoomID, as participant: ParticipantID) -> Bool {
        log.append("ring \(destination) into \(room)")
        if reachable.contains(destination) { ringing.append(participant) }
        return reachable.contains(destination)
    }

    func stopRinging(_ participant: ParticipantID, of room: RoomID) {
        log.append("stop \(room)")
        ringing.removeAll { $0 == participant }
    }

    func makeRoom(ofCall call: String, by user: String) -> RoomID? { calls["\(call) of \(user)"] }
}
