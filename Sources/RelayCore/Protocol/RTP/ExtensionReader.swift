/// Which extension an identifier means on one connection, for looking up by identifier.
package final class ExtensionTable {
    /// Kind + 1 by identifier; 0 where none was negotiated.
    private let kinds: UnsafeMutablePointer<UInt8>

    package init(_ map: ExtensionMap) {
        kinds = .allocate(capacity: 256)
        kinds.initialize(repeating: 0, count: 256)
        for kind in HeaderExtension.allCases where map[kind] != 0 {
            kinds[Int(map[kind])] = UInt8(kind.rawValue + 1)
        }
    }

    deinit { kinds.deallocate() }

    @inline(__always)
    fileprivate func slot(_ identifier: UInt8) -> Int { Int(kinds[Int(identifier)]) - 1 }
}

/// Where each known header extension of one packet lies (RFC 8285).
package struct ExtensionFields: Sendable {
    package struct Field: Sendable {
        /// From the start of the packet.
        package var offset: UInt16 = 0
        /// Bytes; 0 where the packet lacks the extension.
        package var length: UInt8 = 0
    }

    private var fields = InlineArray<10, Field>(repeating: Field())
    /// One bit for each kind that the packet has, by the kind's raw value.
    package private(set) var present: UInt16 = 0

    package init() {}

    package subscript(kind: HeaderExtension) -> Field { fields.span[kind.rawValue] }

    /// Finds the fields of a parsed packet. Elements that run past the block's end are ignored.
    package init(_ packet: UnsafeRawBufferPointer, header: PacketHeader, table: ExtensionTable) {
        let oneByte = header.extensionProfile == 0xBEDE
        guard oneByte || header.extensionProfile & 0xfff0 == 0x1000 else { return }
        var at = header.extensionOffset
        let end = at + header.extensionLength
        guard end <= packet.count else { return }
        while at < end {
            let first = packet[at]
            if first == 0 {
                at += 1
                continue
            }
            let identifier: UInt8
            let length: Int
            if oneByte {
                identifier = first >> 4
                length = Int(first & 0x0f) + 1
                at += 1
                // Reserved; and padding that claims a length: both end the block (RFC 8285, section 4.2).
                if identifier == 15 || identifier == 0 { return }
            } else {
                guard at + 1 < end else { return }
                identifier = first
                length = Int(packet[at + 1])
                at += 2
            }
            guard length <= end - at else { return }
            let slot = table.slot(identifier)
            if slot >= 0, length > 0 {
                fields[slot] = Field(offset: UInt16(truncatingIfNeeded: at), length: UInt8(truncatingIfNeeded: length))
                present |= 1 << UInt16(truncatingIfNeeded: slot)
            }
            at += length
        }
    }

    /// The bytes of one extension, or nil where the packet lacks it.
    package func bytes(_ kind: HeaderExtension, in packet: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let field = self[kind]
        guard field.length > 0 else { return nil }
        return packet.part(at: Int(field.offset), length: Int(field.length))
    }
}
