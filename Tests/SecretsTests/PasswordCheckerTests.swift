import Loop
import Testing

@testable import Secrets

/// A checker on a loop of its own, turned by the test.
@MainActor private final class Checking {
    let loop: EventLoop
    let checker: PasswordChecker
    var clock = 0.0

    init(_ change: (inout PasswordChecker.Settings) -> Void = { _ in }) throws {
        var settings = PasswordChecker.Settings()
        settings.cost = cheap
        change(&settings)
        loop = try EventLoop()
        weak var this: Checking?
        checker = PasswordChecker(loop: loop, settings: settings) { this?.clock ?? 0 }
        this = self
    }

    /// Turns the loop until `task` has ended.
    func result<Value: Sendable>(
        of task: Task<Result<Value, PasswordError>, Never>
    ) async -> Result<Value, PasswordError> {
        var result: Result<Value, PasswordError>?
        let watcher = Task { result = await task.value }
        while result == nil {
            loop.runOnce(waiting: false)
            await Task.yield()
        }
        await watcher.value
        return await task.value
    }

    func verifying(
        _ password: String, _ hash: PasswordHash?, from address: String = "192.0.2.1"
    ) -> Task<Result<PasswordChecker.Verdict, PasswordError>, Never> {
        Task {
            do throws(PasswordError) {
                return .success(try await checker.verify(password, against: hash, from: address))
            } catch {
                return .failure(error)
            }
        }
    }

    func verify(
        _ password: String, _ hash: PasswordHash?, from address: String = "192.0.2.1"
    ) async -> Result<PasswordChecker.Verdict, PasswordError> {
        await result(of: verifying(password, hash, from: address))
    }

    func hash(_ password: String) async -> Result<PasswordHash, PasswordError> {
        await result(
            of: Task {
                do throws(PasswordError) {
                    return .success(try await checker.hash(password))
                } catch {
                    return .failure(error)
                }
            })
    }
}

@MainActor struct PasswordCheckerTests {
    private typealias Verdict = PasswordChecker.Verdict

    @Test func hashesAndVerifies() async throws {
        let checking = try Checking()
        let hash = try await checking.hash("secret").get()
        #expect(await checking.verify("secret", hash) == .success(Verdict(isRight: true)))
        #expect(await checking.verify("Secret", hash) == .success(Verdict(isRight: false)))
        #expect(checking.checker.pending == 0)
    }

    @Test func nobodyHasNoPassword() async throws {
        let checking = try Checking()
        #expect(await checking.verify("", nil) == .success(Verdict(isRight: false)))
        #expect(await checking.verify("secret", nil) == .success(Verdict(isRight: false)))
    }

    @Test func saysThatAnOldHashShouldBeMadeAnew() async throws {
        let checking = try Checking { $0.cost.passes = 2 }
        let old = try PasswordHash.make("secret", cost: cheap)
        #expect(await checking.verify("secret", old) == .success(Verdict(isRight: true, needsRehash: true)))
        #expect(await checking.verify("wrong", old) == .success(Verdict(isRight: false)))
    }

    @Test func refusesAnAddressThatFailedTooOften() async throws {
        let checking = try Checking { $0.failuresPerMinute = 2 }
        let hash = try PasswordHash.make("secret", cost: cheap)
        for _ in 0..<2 { #expect(await checking.verify("wrong", hash) == .success(Verdict(isRight: false))) }
        let refusal: Result<Verdict, PasswordError> = .failure(.tooManyAttempts(retryAfterSeconds: 30))
        #expect(await checking.verify("secret", hash) == refusal)
        #expect(await checking.verify("secret", hash, from: "192.0.2.2") == .success(Verdict(isRight: true)))
        checking.clock = 30
        #expect(await checking.verify("secret", hash) == .success(Verdict(isRight: true)))
    }

    @Test func unknownUsersCountAsFailures() async throws {
        let checking = try Checking { $0.failuresPerMinute = 1 }
        #expect(await checking.verify("x", nil) == .success(Verdict(isRight: false)))
        #expect(await checking.verify("x", nil) == .failure(.tooManyAttempts(retryAfterSeconds: 60)))
    }

    @Test func rightPasswordsAreNeverTooMany() async throws {
        let checking = try Checking { $0.failuresPerMinute = 2 }
        let hash = try PasswordHash.make("secret", cost: cheap)
        let tasks = (0..<40).map { _ in checking.verifying("secret", hash) }
        for task in tasks { #expect(await checking.result(of: task) == .success(Verdict(isRight: true))) }
    }

    @Test func aVolleyOfWrongOnesIsCutOff() async throws {
        let checking = try Checking {
            $0.failuresPerMinute = 3
            $0.maximumInFlight = 2
        }
        let hash = try PasswordHash.make("secret", cost: cheap)
        let tasks = (0..<40).map { _ in checking.verifying("wrong", hash) }
        var compared = 0
        for task in tasks where await checking.result(of: task) == .success(Verdict(isRight: false)) { compared += 1 }
        // What was under way when the third failed had begun already.
        #expect((3...4).contains(compared))
    }

    @Test func keepsABoundedNumberWaiting() async throws {
        let checking = try Checking {
            $0.maximumInFlight = 1
            $0.maximumWaiting = 2
        }
        let hash = try PasswordHash.make("secret", cost: cheap)
        let tasks = (0..<5).map { _ in checking.verifying("secret", hash) }
        for _ in 0..<20 { await Task.yield() }
        #expect(checking.checker.pending == 3)
        var results: [Result<Verdict, PasswordError>] = []
        for task in tasks { results.append(await checking.result(of: task)) }
        #expect(results.prefix(3).allSatisfy { $0 == .success(Verdict(isRight: true)) })
        #expect(results.suffix(2).allSatisfy { $0 == .failure(.overloaded) })
    }

    @Test func refusesTooLongPasswordsAtOnce() async throws {
        let checking = try Checking { $0.failuresPerMinute = 1 }
        let long = String(repeating: "x", count: 1025)
        #expect(await checking.hash(long) == .failure(.tooLong(limitBytes: 1024)))
        #expect(await checking.verify(long, nil) == .failure(.tooLong(limitBytes: 1024)))
    }

    @Test func closingAnswersWhoeverWaits() async throws {
        let checking = try Checking { $0.maximumInFlight = 1 }
        let hash = try PasswordHash.make("secret", cost: cheap)
        let tasks = (0..<3).map { _ in checking.verifying("secret", hash) }
        for _ in 0..<20 { await Task.yield() }
        checking.checker.close()
        for task in tasks { #expect(await task.value == .failure(.closed)) }
        #expect(await checking.verify("secret", hash) == .failure(.closed))
        checking.loop.close()
    }
}
