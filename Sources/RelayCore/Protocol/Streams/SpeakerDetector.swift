/// Who is speaking in a room, from the audio levels that clients send with every packet (RFC 6464).
///
/// After the idea of Volfin and Cohen (Dominant speaker identification for multipoint videoconferencing, 2013): speech activity
/// is judged over a short and a longer time. To take over, somebody must exceed the present speaker clearly over both, so neither a
/// cough nor a click switches; the present speaker keeps the floor through pauses.
package final class SpeakerDetector {
    package struct Settings: Sendable {
        package var interval = Instant.Span.milliseconds(200)
        /// After so long without any speech nobody is the speaker.
        package var silence = Instant.Span.seconds(3)

        package init() {}
    }

    package enum Change: Equatable {
        /// The member that `add` returned.
        case speaker(Int)
        case nobody
    }

    private struct Member {
        var isUsed = false
        var lastAt: Instant?
        /// Estimated background, in dB above −127 dBov.
        var floor = SpeakerDetector.quietest
        var short: Float = 0
        var medium: Float = 0
        var spokeAt: Instant?

        /// Lets activity `value` (0…1) count for `span`.
        mutating func weigh(_ value: Float, for span: Instant.Span) {
            let seconds = Float(span.microseconds) / 1_000_000
            short += (value - short) * min(seconds / 0.15, 1)
            medium += (value - medium) * min(seconds / 0.6, 1)
        }
    }

    /// Quieter than this above −127 dBov (that is −70 dBov) is never speech.
    fileprivate static let quietest: Float = 57
    /// Speech stands out from the background by this at least, and counts fully when by `range` more.
    private static let margin: Float = 8
    private static let range: Float = 20
    /// How fast the background estimate rises, dB/s; speech has pauses that pull it down again.
    private static let rise: Float = 2
    /// A stream without levels for this long is silent: muted or in discontinuous transmission.
    private static let stale = Instant.Span.milliseconds(250)
    private static let longestStep = Instant.Span.milliseconds(120)

    private static let audible: Float = 0.15
    private static let shortRatio: Float = 1.5
    private static let mediumRatio: Float = 1.25

    private let settings: Settings
    private var members: ContiguousArray<Member> = []
    private var polledAt: Instant?
    /// The dominant speaker, kept through pauses; nil when nobody has spoken for `silence`.
    package private(set) var speaker: Int?
    private var hasLostSpeaker = false

    package init(_ settings: Settings = Settings()) { self.settings = settings }

    /// Adds a member; the number returned is free for others after `remove`. O(members).
    package func add() -> Int {
        if let free = members.firstIndex(where: { !$0.isUsed }) {
            members[free] = Member(isUsed: true)
            return free
        }
        members.append(Member(isUsed: true))
        return members.count - 1
    }

    package func remove(_ member: Int) {
        guard members.indices.contains(member) else { return }
        members[member] = Member()
        guard speaker == member else { return }
        speaker = nil
        hasLostSpeaker = true
    }

    /// Notes the level of one packet: `dBov` as on the wire, 0 the loudest, 127 silence. O(1).
    package func level(of member: Int, dBov: UInt8, at now: Instant) {
        guard members.indices.contains(member), members[member].isUsed else { return }
        let loudness = Float(127 - Int(min(dBov, 127)))
        settle(member, until: now)
        let last = members[member].lastAt ?? now + .milliseconds(-20)
        let span = min(max(now - last, .milliseconds(0)), Self.longestStep)
        let seconds = Float(span.microseconds) / 1_000_000
        let floor = min(loudness, members[member].floor + Self.rise * seconds)
        let threshold = max(floor + Self.margin, Self.quietest)
        let activity = min(max((loudness - threshold) / Self.range, 0), 1)
        members[member].floor = floor
        members[member].weigh(activity, for: span)
        members[member].lastAt = now
        if activity > 0, members[member].medium >= Self.audible { members[member].spokeAt = now }
    }

    /// When to call `poll` next; nil without members.
    package var deadline: Instant? {
        guard members.contains(where: \.isUsed) || hasLostSpeaker else { return nil }
        guard let polledAt else { return .zero }
        return polledAt + settings.interval
    }

    /// Decides who has the floor. O(members).
    /// - Returns: a change since the last poll, nil where there was none.
    package func poll(at now: Instant) -> Change? {
        if let polledAt, now - polledAt < settings.interval { return nil }
        polledAt = now
        for index in members.indices where members[index].isUsed { settle(index, until: now) }

        let previous = speaker
        if let challenger = challenger() {
            speaker = challenger
        } else if let current = speaker, members[current].spokeAt.map({ now - $0 > settings.silence }) ?? true {
            speaker = nil
        }
        let hasLost = hasLostSpeaker
        hasLostSpeaker = false
        if speaker != previous || hasLost { return speaker.map(Change.speaker) ?? .nobody }
        return nil
    }

    /// Whoever most clearly outdoes the present speaker.
    private func challenger() -> Int? {
        let current = speaker.map { members[$0] } ?? Member()
        var best: Int?
        for index in members.indices where members[index].isUsed && index != speaker {
            let member = members[index]
            guard member.medium >= Self.audible, member.short >= Self.audible,
                member.short > current.short * Self.shortRatio, member.medium > current.medium * Self.mediumRatio
            else { continue }
            if best.map({ member.medium > members[$0].medium }) ?? true { best = index }
        }
        return best
    }

    /// Counts the time without packets as silence.
    private func settle(_ index: Int, until now: Instant) {
        guard let last = members[index].lastAt, now - last > Self.stale else { return }
        members[index].weigh(0, for: now - last)
        members[index].lastAt = now
    }
}
