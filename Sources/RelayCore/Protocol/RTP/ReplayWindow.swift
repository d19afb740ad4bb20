/// Finds a packet's full index from its 16-bit sequence number and refuses what was seen (RFC 3711, sections 3.3.1, 3.3.2).
package struct ReplayWindow: Sendable {
    /// How far behind the newest packet an old one may be.
    /// (16 words of bits, less the one that is being refilled.)
    package static let width = 960

    /// Newest authenticated index, rollover count in the upper bits; nil before the first.
    package private(set) var newest: UInt64?
    private var seen = InlineArray<16, UInt64>(repeating: 0)

    package init() {}

    /// The index that `sequence` most likely has: the one nearest to the newest.
    @inline(__always)
    package func index(of sequence: UInt16) -> UInt64 {
        guard let newest else { return UInt64(sequence) }
        let step = Int64(Int16(truncatingIfNeeded: Int32(sequence) &- Int32(UInt16(truncatingIfNeeded: newest))))
        let guess = Int64(bitPattern: newest) &+ step
        // Before the first rollover there is nothing to go back to.
        return guess < 0 ? UInt64(sequence) : UInt64(bitPattern: guess)
    }

    // Reading an element of a stored InlineArray copies all of it; reading through `span` does not.

    /// Whether the index is new and within the window.
    package func accepts(_ index: UInt64) -> Bool {
        guard let newest, index <= newest else { return true }
        let age = newest &- index
        guard age < UInt64(Self.width) else { return false }
        return seen.span[Int((index >> 6) & 15)] & (1 << (index & 63)) == 0
    }

    /// The index of a packet that is to be sealed, recorded; nil where it was sealed before or is too old.
    ///
    /// One call that mutates, as the window is too large to be copied for each look at it.
    package mutating func claim(_ sequence: UInt16) -> UInt64? {
        let index = self.index(of: sequence)
        guard accepts(index) else { return nil }
        record(index)
        return index
    }

    /// Records an index whose packet proved authentic.
    package mutating func record(_ index: UInt64) {
        if let newest, index <= newest {
            seen[Int((index >> 6) & 15)] |= 1 << (index & 63)
            return
        }
        if let newest {
            // Words between the old newest and the new one begin empty.
            let oldWord = newest >> 6
            let newWord = index >> 6
            if newWord &- oldWord >= 16 {
                seen = InlineArray(repeating: 0)
            } else {
                var word = oldWord
                while word < newWord {
                    word &+= 1
                    seen[Int(word & 15)] = 0
                }
            }
        }
        newest = index
        seen[Int((index >> 6) & 15)] |= 1 << (index & 63)
    }
}
