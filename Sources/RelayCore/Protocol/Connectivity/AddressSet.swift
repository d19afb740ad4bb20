/// The way between one of our sockets and one remote address.
package struct Path: Hashable, Sendable {
    /// Which of the worker's sockets (one a local address).
    package var socket: Int
    package var remote: Endpoint

    package init(socket: Int, remote: Endpoint) {
        self.socket = socket
        self.remote = remote
    }
}

/// The paths that have proved themselves by an authenticated connectivity check, and the one to send to.
///
/// A browser checks several pairs at once, so DTLS and media are taken from any of them; what is sent goes to the first
/// that was validated until a check with USE-CANDIDATE names another.
package struct AddressSet: Sendable {
    /// How many paths are kept; beyond that the one checked longest ago goes.
    package static let capacity = 8
    /// A path without a check for so long is forgotten.
    package static let lifetime = Instant.Span.seconds(30)
    /// A selected path without a check for so long gives way to one that is checked: peers check the path they use every
    /// few seconds, and not every peer nominates anew.
    package static let patience = Instant.Span.seconds(12)

    private struct Entry: Sendable {
        var path: Path
        var lastCheck: Instant
    }

    private var entries: [Entry] = []
    /// Where to send; nil before the first check.
    package private(set) var selected: Path?
    /// When any path was last checked: the peer's consent (RFC 7675).
    package private(set) var lastCheck: Instant?

    package init() {}

    package var paths: [Path] { entries.map(\.path) }

    package func contains(_ path: Path) -> Bool { entries.contains { $0.path == path } }

    /// What a check changed.
    package struct Change: Equatable, Sendable {
        package var isNew: Bool
        package var selectionMoved: Bool
        /// Forgotten to make room.
        package var evicted: Path?
    }

    /// Takes in an authenticated check.
    package mutating func checked(on path: Path, useCandidate: Bool, at now: Instant) -> Change {
        var change = Change(isNew: false, selectionMoved: false, evicted: nil)
        lastCheck = now
        if let index = entries.firstIndex(where: { $0.path == path }) {
            entries[index].lastCheck = now
        } else {
            change.isNew = true
            if entries.count == Self.capacity,
                let oldest = entries.indices.filter({ entries[$0].path != selected })
                    .min(by: { entries[$0].lastCheck < entries[$1].lastCheck })
            {
                change.evicted = entries.remove(at: oldest).path
            }
            entries.append(Entry(path: path, lastCheck: now))
        }
        if selected == nil || (useCandidate && selected != path) {
            selected = path
            change.selectionMoved = true
        }
        return change
    }

    /// Forgets paths whose time is over, but never the selected one, whose end is the consent time-out.
    package mutating func expire(at now: Instant) -> [Path] {
        reselect(at: now)
        let gone = entries.filter { $0.path != selected && now - $0.lastCheck > Self.lifetime }.map(\.path)
        if !gone.isEmpty { entries.removeAll { gone.contains($0.path) } }
        return gone
    }

    private mutating func reselect(at now: Instant) {
        guard let current = entries.first(where: { $0.path == selected }), now - current.lastCheck > Self.patience,
            let freshest = entries.max(by: { $0.lastCheck < $1.lastCheck }),
            now - freshest.lastCheck < Instant.Span(microseconds: Self.patience.microseconds / 2)
        else { return }
        selected = freshest.path
    }
}
