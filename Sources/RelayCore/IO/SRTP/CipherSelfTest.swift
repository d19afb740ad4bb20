internal import COpenSSL
internal import Glibc
internal import RelayProtocol

/// Holds a backend against libsrtp2 before it may touch a packet: same bytes when sealing, the plaintext back when
/// opening, and nothing that was changed on the way. A few milliseconds.
struct CipherSelfTest {
    private static let payloads = Array(0...40) + [63, 64, 65, 255, 256, 257, 1_199, 1_200, 1_201, 1_500]
    private static let controls = [8, 12, 28, 64, 1_200]
    /// The packets cross the first rollover of the sequence number.
    private static let firstIndex: UInt64 = 65_515
    private static let room = 2_048

    private let profile: SRTPProfile
    private let subject: Subject
    private let reference: LibrarySession
    private let plain: UnsafeMutableRawPointer
    private let expected: UnsafeMutableRawPointer
    private let out: UnsafeMutableRawPointer

    /// What is tested: a sealer and an opener with the same keys.
    struct Subject {
        /// As `PacketSealer.seal`: header length, parts, SSRC, index, where to.
        var seal: (Int, UnsafeMutableBufferPointer<copenssl_part>, UInt32, UInt64, UnsafeMutableRawPointer) -> Int?
        /// As `PacketSealer.sealControl`.
        var sealControl: (UnsafeMutableRawPointer, Int) -> Int?
        /// As `PacketOpener.open`.
        var open: (UnsafeMutableRawBufferPointer, PacketHeader, inout ReplayWindow) -> Int?
        /// As `PacketOpener.openControl`.
        var openControl: (UnsafeMutableRawBufferPointer) -> Int?

        init(_ keys: SRTPKeys, _ profile: SRTPProfile, _ backend: CipherBackend) throws(CipherError) {
            let sealer = try PacketSealer(keys, profile: profile, backend: backend)
            let opener = try PacketOpener(keys, profile: profile, backend: backend)
            seal = { headerLength, parts, ssrc, index, out in
                guard let first = parts.baseAddress else { return nil }
                return sealer.seal(
                    headerLength: headerLength, parts: first, partCount: parts.count, ssrc: ssrc, index: index, out: out
                )
            }
            sealControl = { sealer.sealControl($0, length: $1) }
            open = { opener.open($0, header: $1, window: &$2) }
            openControl = { opener.openControl($0) }
        }
    }

    /// - Parameter adjust: lets a test see that it fails where a library does not do as it should.
    /// - Returns: what is wrong; nil where nothing is.
    static func failure(
        of backend: CipherBackend, _ profile: SRTPProfile, adjust: (inout Subject) -> Void = { _ in }
    ) -> String? {
        withUnsafeTemporaryAllocation(byteCount: 3 * room, alignment: 64) { memory in
            guard let base = memory.baseAddress else { return "no memory" }
            for at in 0..<memory.count { memory[at] = UInt8(truncatingIfNeeded: at &* 131 &+ at >> 7) }
            do {
                let test = try CipherSelfTest(backend, profile, base, adjust)
                var window = ReplayWindow()
                for number in payloads.indices {
                    if let wrong = test.media(number, &window) { return wrong }
                }
                return controls.lazy.compactMap(test.control).first
            } catch {
                return "\(profile.name): \(error)"
            }
        }
    }

    private init(
        _ backend: CipherBackend, _ profile: SRTPProfile, _ memory: UnsafeMutableRawPointer,
        _ adjust: (inout Subject) -> Void
    ) throws(CipherError) {
        let keys = SRTPKeys(
            key: (0..<profile.keyLength).map { UInt8($0 &* 7 &+ 3) },
            salt: (0..<profile.saltLength).map { UInt8($0 &* 11 &+ 5) })
        self.profile = profile
        var subject = try Subject(keys, profile, backend)
        adjust(&subject)
        self.subject = subject
        reference = try LibrarySession(keys, profile: profile, direction: .outbound)
        (plain, expected, out) = (memory, memory + Self.room, memory + 2 * Self.room)
    }

    /// One packet, its payload in one to three parts.
    private func media(_ number: Int, _ window: inout ReplayWindow) -> String? {
        let payload = Self.payloads[number]
        let index = Self.firstIndex + UInt64(number)
        let ssrc: UInt32 = 0x1357_9bdf
        // Every third packet has a header extension of one word.
        let headerLength = number % 3 == 0 ? 20 : 12
        plain.put(number % 3 == 0 ? 0x9060 as UInt16 : 0x8060, at: 0)
        plain.put(UInt16(truncatingIfNeeded: index), at: 2)
        plain.put(ssrc, at: 8)
        if headerLength == 20 { plain.put(0xbede_0001 as UInt32, at: 12) }
        let length = headerLength + payload
        expected.copyMemory(from: plain, byteCount: length)
        guard let protected = reference.protect(expected, length: length) else { return wrong("libsrtp2", payload) }
        out.copyMemory(from: plain, byteCount: headerLength)
        let sealed = withParts(of: plain + headerLength, payload, cuts: number % 3) { parts in
            subject.seal(headerLength, parts, ssrc, index, out)
        }
        guard sealed == protected, memcmp(out, expected, protected) == 0 else { return wrong("sealed", payload) }
        let packet = UnsafeMutableRawBufferPointer(start: out, count: protected)
        guard let header = PacketHeader(UnsafeRawBufferPointer(packet)) else { return wrong("parsed", payload) }
        let changed = 12 + number &* 37 % (protected - 12)
        packet[changed] ^= 1
        var untouched = window
        // Where the changed byte lengthens the header, what is left of the packet is refused as well.
        guard subject.open(packet, header, &untouched) == nil else {
            return wrong("not refused", payload)
        }
        out.copyMemory(from: expected, byteCount: protected)
        guard subject.open(packet, header, &window) == length, memcmp(out, plain, length) == 0 else {
            return wrong("opened", payload)
        }
        return nil
    }

    private func control(_ length: Int) -> String? {
        plain.put(0x80c8_0000 | UInt32(length / 4 - 1), at: 0)
        expected.copyMemory(from: plain, byteCount: length)
        out.copyMemory(from: plain, byteCount: length)
        guard let protected = reference.protectControl(expected, length: length) else {
            return wrong("libsrtp2", length)
        }
        guard subject.sealControl(out, length) == protected, memcmp(out, expected, protected) == 0 else {
            return wrong("control sealed", length)
        }
        let packet = UnsafeMutableRawBufferPointer(start: out, count: protected)
        packet[protected - 5] ^= 1
        guard subject.openControl(packet) == nil else { return wrong("control not refused", length) }
        out.copyMemory(from: expected, byteCount: protected)
        guard subject.openControl(packet) == length, memcmp(out, plain, length) == 0 else {
            return wrong("control opened", length)
        }
        return nil
    }

    private func withParts<Result>(
        of data: UnsafeMutableRawPointer, _ length: Int, cuts: Int,
        _ body: (UnsafeMutableBufferPointer<copenssl_part>) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(of: copenssl_part.self, capacity: cuts + 1) { parts in
            var start = 0
            for cut in 0...cuts {
                let end = cut == cuts ? length : length &* (cut + 1) / (cuts + 1)
                parts.initializeElement(
                    at: cut, to: copenssl_part(data: data + start, length: Int32(truncatingIfNeeded: end - start)))
                start = end
            }
            return body(parts)
        }
    }

    private func wrong(_ what: String, _ length: Int) -> String { "\(profile.name), \(length) bytes: \(what)" }
}
