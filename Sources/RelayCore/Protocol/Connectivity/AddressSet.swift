/// The remote addresses that have proved themselves by an authenticated connectivity check, and the one to send to.
///
/// A browser checks several pairs at once, so DTLS and media are taken from any of them; what is sent goes to the first
/// that was validated until a check with USE-CANDIDATE names another.
package struct AddressSet: Sendable {
    /// How many addresses are kept; beyond that the one checked longest ago goes.
    package static let capacity = 8
    /// An address without a check for so long is forgotten.
    package static let lifetime = Instant.Span.seconds(30)

    private struct Entry: Sendable {
        var address: Endpoint
        var lastCheck: Instant
    }

    private var entries: [Entry] = []
    /// Where to send; nil before the first check.
    package private(set) var selected: Endpoint?
    /// When any address was last checked: the peer's consent (RFC 7675).
    package private(set) var lastCheck: Instant?

    package init() {}

    package var addresses: [Endpoint] { entries.map(\.address) }

    package func contains(_ address: Endpoint) -> Bool { entries.contains { $0.address == address } }

    /// What a check changed.
    package struct Change: Equatable, Sendable {
        package var isNew: Bool
        package var selectionMoved: Bool
        /// Forgotten to make room.
        package var evicted: Endpoint?
    }

    /// Takes in an authenticated check.
    package mutating func checked(from address: Endpoint, useCandidate: Bool, at now: Instant) -> Change {
        var change = Change(isNew: false, selectionMoved: false, evicted: nil)
        lastCheck = now
        if let index = entries.firstIndex(where: { $0.address == address }) {
            entries[index].lastCheck = now
        } else {
            change.isNew = true
            if entries.count == Self.capacity,
                let oldest = entries.indices.filter({ entries[$0].address != selected })
                    .min(by: { entries[$0].lastCheck < entries[$1].lastCheck })
            {
                change.evicted = entries.remove(at: oldest).address
            }
            entries.append(Entry(address: address, lastCheck: now))
        }
        if selected == nil || (useCandidate && selected != address) {
            selected = address
            change.selectionMoved = true
        }
        return change
    }

    /// Forgets addresses whose time is over, but never the selected one, whose end is the consent time-out.
    package mutating func expire(at now: Instant) -> [Endpoint] {
        let gone = entries.filter { $0.address != selected && now - $0.lastCheck > Self.lifetime }.map(\.address)
        if !gone.isEmpty { entries.removeAll { gone.contains($0.address) } }
        return gone
    }
}
