/// SDES: the names of sources (RFC 3550 §6.5). Only CNAME is of interest here.
package struct SourceDescription: Sequence {
    private let bytes: UnsafeRawBufferPointer
    private let chunks: Int

    private static let canonicalNameItem: UInt8 = 1

    /// A source and its canonical name, as bytes of the packet; empty where the chunk names none.
    package struct Source {
        package let ssrc: UInt32
        package let canonicalName: UnsafeRawBufferPointer
    }

    init?(_ body: UnsafeRawBufferPointer, chunks: Int) {
        bytes = body
        self.chunks = chunks
        var offset = 0
        for _ in 0..<chunks where Self.chunk(of: body, at: &offset) == nil { return nil }
    }

    package func makeIterator() -> Iterator { Iterator(bytes: bytes, left: chunks) }

    package struct Iterator: IteratorProtocol {
        fileprivate let bytes: UnsafeRawBufferPointer
        fileprivate var left: Int
        fileprivate var offset = 0

        fileprivate init(bytes: UnsafeRawBufferPointer, left: Int) {
            self.bytes = bytes
            self.left = left
        }

        package mutating func next() -> Source? {
            guard left > 0 else { return nil }
            left -= 1
            return SourceDescription.chunk(of: bytes, at: &offset)
        }
    }

    /// Reads the chunk at `offset` and moves on to the next one, which starts at a multiple of 4 after at least one zero byte.
    private static func chunk(of bytes: UnsafeRawBufferPointer, at offset: inout Int) -> Source? {
        guard let ssrc = bytes.uint32(at: offset) else { return nil }
        offset += 4
        var name = UnsafeRawBufferPointer(start: nil, count: 0)
        while let item = bytes.byte(at: offset), item != 0 {
            guard let length = bytes.byte(at: offset + 1), let text = bytes.part(at: offset + 2, length: Int(length))
            else {
                return nil
            }
            if item == canonicalNameItem, name.isEmpty { name = text }
            offset += 2 + text.count
        }
        guard offset < bytes.count else { return nil }
        offset = (offset + 4) & ~3
        return Source(ssrc: ssrc, canonicalName: name)
    }
}

/// BYE: sources that are leaving (RFC 3550 §6.6); the reason is not read.
package struct Goodbye: Sequence {
    private let sources: SSRCList

    init?(_ body: UnsafeRawBufferPointer, sources count: Int) {
        guard let list = body.part(at: 0, length: count * 4) else { return nil }
        sources = SSRCList(list)
    }

    package func makeIterator() -> SSRCList { sources }
}

/// A run of SSRCs in a packet.
package struct SSRCList: Sequence, IteratorProtocol {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    package mutating func next() -> UInt32? {
        guard let ssrc = bytes.uint32(at: offset) else { return nil }
        offset += 4
        return ssrc
    }
}
