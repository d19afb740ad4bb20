/// Lets one at a time through, in the order in which they came: for what is checked, then waits for the disk, and then is
/// done, with nobody else's change in between.
final class Turnstile {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func pass<Result, Failure: Error>(_ body: () async throws(Failure) -> Result) async throws(Failure) -> Result {
        if isTaken {
            await withCheckedContinuation { waiting.append($0) }
        } else {
            isTaken = true
        }
        defer { leave() }
        return try await body()
    }

    /// It stays taken where somebody waits: the next one has it already.
    private func leave() {
        if waiting.isEmpty {
            isTaken = false
        } else {
            waiting.removeFirst().resume()
        }
    }
}
