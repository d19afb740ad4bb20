internal import CCipher
internal import COpenSSL
package import RelayProtocol

/// Checks and decrypts what one transport receives, in place, without allocation.
package final class PacketOpener {
    package let profile: SRTPProfile
    private let suite: CipherSuite
    /// SRTCP indices count per sender: each SSRC has a context of its own (RFC 3711, section 3.2.3).
    private var controlWindows: [UInt32: ReplayWindow] = [:]

    /// Senders of RTCP that are told apart; beyond it the one that sent least is forgotten.
    package static let maximumControlSenders = 256

    /// - Parameter backend: which libraries encrypt.
    package init(
        _ master: SRTPKeys, profile: SRTPProfile, backend: CipherBackend = .automatic
    ) throws(CipherError) {
        self.profile = profile
        suite = try CipherSuite(master, profile: profile, direction: .inbound, backend: backend)
    }

    /// Opens an SRTP packet in place.
    /// - Parameter window: the stream's; changed only when the packet is authentic.
    /// - Returns: the length of header and payload, or nil where the packet is a replay, too old or not authentic
    ///   (its bytes are then undefined).
    package func open(_ packet: UnsafeMutableRawBufferPointer, header: PacketHeader, window: inout ReplayWindow) -> Int?
    {
        let index = window.index(of: header.sequence)
        guard window.accepts(index), let base = packet.baseAddress, packet.count >= header.length + profile.tagLength
        else {
            return nil
        }
        let body = (base + header.length).assumingMemoryBound(to: UInt8.self)
        let length: Int
        switch suite.contexts {
        case .gcm(let media, _):
            let opened = suite.salt.withVector(ssrc: header.ssrc, index: index) {
                ccipher_gcm_open(
                    media, $0, base, Int32(header.length), nil, 0, body, Int32(packet.count - header.length))
            }
            guard opened >= 0 else { return nil }
            length = header.length + Int(opened)
        case .counter(let media, let tag, _, _):
            length = packet.count - profile.tagLength
            var rollover = UInt32(truncatingIfNeeded: index >> 16).bigEndian
            guard Self.isTag(tag, over: base, length, &rollover, 4, at: base + length, profile.tagLength) else {
                return nil
            }
            var part = copenssl_part(data: body, length: Int32(length - header.length))
            let opened = suite.salt.withVector(ssrc: header.ssrc, index: index) {
                ccipher_ctr_apply(media, $0, &part, 1, body)
            }
            guard opened >= 0 else { return nil }
        case .library(let session):
            guard let opened = session.unprotect(base, length: packet.count) else { return nil }
            length = opened
        }
        window.record(index)
        return length
    }

    /// Opens an SRTCP packet in place.
    /// - Returns: the RTCP packet's length, or nil as for `open`.
    package func openControl(_ packet: UnsafeMutableRawBufferPointer) -> Int? {
        guard let base = packet.baseAddress, packet.count >= 8 + profile.controlOverhead else { return nil }
        if case .library(let session) = suite.contexts { return session.unprotectControl(base, length: packet.count) }
        let bytes = UnsafeRawBufferPointer(packet)
        let wordAt = profile.isGCM ? packet.count - 4 : packet.count - 14
        guard let ssrc = bytes.uint32(at: 4), let word = bytes.uint32(at: wordAt) else { return nil }
        let isEncrypted = word & 0x8000_0000 != 0
        let index = UInt64(word & 0x7fff_ffff)
        var window = controlWindows[ssrc] ?? ReplayWindow()
        guard window.accepts(index) else { return nil }
        let body = (base + 8).assumingMemoryBound(to: UInt8.self)
        let length: Int
        switch suite.contexts {
        case .gcm(_, let control):
            // Unencrypted SRTCP is authenticated as associated data whole; WebRTC never sends it.
            guard isEncrypted else { return nil }
            let opened = suite.controlSalt.withVector(ssrc: ssrc, index: index) {
                ccipher_gcm_open(control, $0, base, 8, base + wordAt, 4, body, Int32(wordAt - 8))
            }
            guard opened >= 0 else { return nil }
            length = 8 + Int(opened)
        case .counter(_, _, let control, let tag):
            guard Self.isTag(tag, over: base, wordAt + 4, nil, 0, at: base + wordAt + 4, 10) else { return nil }
            length = wordAt
            if isEncrypted {
                var part = copenssl_part(data: body, length: Int32(length - 8))
                let opened = suite.controlSalt.withVector(ssrc: ssrc, index: index) {
                    ccipher_ctr_apply(control, $0, &part, 1, body)
                }
                guard opened >= 0 else { return nil }
            }
        case .library: return nil
        }
        window.record(index)
        if controlWindows.count >= Self.maximumControlSenders, controlWindows[ssrc] == nil,
            let quietest = controlWindows.min(by: { ($0.value.newest ?? 0) < ($1.value.newest ?? 0) })
        {
            controlWindows[quietest.key] = nil
        }
        controlWindows[ssrc] = window
        return length
    }

    private static func isTag(
        _ hmac: OpaquePointer, over first: UnsafeRawPointer, _ firstLength: Int, _ second: UnsafeRawPointer?,
        _ secondLength: Int,
        at tag: UnsafeRawPointer, _ tagLength: Int
    ) -> Bool {
        var expected = InlineArray<20, UInt8>(repeating: 0)
        return withUnsafeMutableBytes(of: &expected) { bytes in
            guard let out = bytes.baseAddress else { return false }
            copenssl_hmac_tag(
                hmac, first, firstLength, second, secondLength, out.assumingMemoryBound(to: UInt8.self),
                Int32(tagLength))
            return CRYPTO_memcmp(out, tag, tagLength) == 0
        }
    }
}
