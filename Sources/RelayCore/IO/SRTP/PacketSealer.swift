internal import CCipher
package import COpenSSL
internal import RelayProtocol

/// Protects what one transport sends. Contexts are keyed once; sealing a packet neither locks nor allocates.
package final class PacketSealer {
    package let profile: SRTPProfile
    private let suite: CipherSuite
    private var controlIndex: UInt32 = 0

    /// - Parameter backend: which libraries encrypt.
    package init(
        _ master: SRTPKeys, profile: SRTPProfile, backend: CipherBackend = .automatic
    ) throws(CipherError) {
        self.profile = profile
        suite = try CipherSuite(master, profile: profile, direction: .outbound, backend: backend)
    }

    /// Encrypts the parts behind a header that stands at `out`, in one pass, and appends the tag.
    ///
    /// The caller never seals two different packets with the same SSRC and index: that would give the key away.
    /// - Parameters:
    ///   - out: has room for header, parts and `profile.tagLength`.
    ///   - index: 48-bit packet index, rollover count in the upper 32.
    /// - Returns: the packet's length, or nil where the cipher failed.
    @inline(__always)
    package func seal(
        headerLength: Int, parts: UnsafePointer<copenssl_part>, partCount: Int, ssrc: UInt32, index: UInt64,
        out: UnsafeMutableRawPointer
    ) -> Int? {
        let target = (out + headerLength).assumingMemoryBound(to: UInt8.self)
        switch suite.contexts {
        case .gcm(let media, _):
            let written = suite.salt.withVector(ssrc: ssrc, index: index) {
                ccipher_gcm_seal(media, $0, out, Int32(headerLength), parts, Int32(partCount), target)
            }
            return written < 0 ? nil : headerLength + Int(written)
        case .counter(let media, let tag, _, _):
            let written = suite.salt.withVector(ssrc: ssrc, index: index) {
                ccipher_ctr_apply(media, $0, parts, Int32(partCount), target)
            }
            guard written >= 0 else { return nil }
            let length = headerLength + Int(written)
            var rollover = UInt32(truncatingIfNeeded: index >> 16).bigEndian
            copenssl_hmac_tag(tag, out, length, &rollover, 4, target + Int(written), Int32(profile.tagLength))
            return length + profile.tagLength
        case .library(let session):
            var length = headerLength
            for part in UnsafeBufferPointer(start: parts, count: partCount) where part.length > 0 {
                (out + length).copyMemory(from: part.data, byteCount: Int(part.length))
                length += Int(part.length)
            }
            return session.protect(out, length: length)
        }
    }

    /// Protects an RTCP packet in place (SRTCP, always encrypted).
    /// - Parameters:
    ///   - packet: `length` bytes (at least 8), with room for `profile.controlOverhead` more.
    /// - Returns: the new length, or nil where the cipher failed or 2^31 packets were sent.
    package func sealControl(_ packet: UnsafeMutableRawPointer, length: Int) -> Int? {
        guard length >= 8, controlIndex < 0x7fff_ffff else { return nil }
        if case .library(let session) = suite.contexts { return session.protectControl(packet, length: length) }
        controlIndex += 1
        let ssrc = UnsafeRawBufferPointer(start: packet, count: length).uint32(at: 4) ?? 0
        let encryptedFlagAndIndex = 0x8000_0000 | controlIndex
        var part = copenssl_part(data: packet + 8, length: Int32(length - 8))
        let body = (packet + 8).assumingMemoryBound(to: UInt8.self)
        switch suite.contexts {
        case .gcm(_, let control):
            // Associated data are the first 8 bytes and the index word (RFC 7714, section 9.2).
            var associated: (UInt64, UInt32) = (
                packet.loadUnaligned(as: UInt64.self), encryptedFlagAndIndex.bigEndian
            )
            let written = suite.controlSalt.withVector(ssrc: ssrc, index: UInt64(controlIndex)) {
                ccipher_gcm_seal(control, $0, &associated, 12, &part, 1, body)
            }
            guard written >= 0 else { return nil }
            packet.put(encryptedFlagAndIndex, at: 8 + Int(written))
            return 12 + Int(written)
        case .counter(_, _, let control, let tag):
            let written = suite.controlSalt.withVector(ssrc: ssrc, index: UInt64(controlIndex)) {
                ccipher_ctr_apply(control, $0, &part, 1, body)
            }
            guard written >= 0 else { return nil }
            packet.put(encryptedFlagAndIndex, at: length)
            copenssl_hmac_tag(
                tag, packet, length + 4, nil, 0, (packet + length + 4).assumingMemoryBound(to: UInt8.self), 10)
            return length + 14
        case .library: return nil
        }
    }
}
