import CNet
import CNice
import COpenSSL
import Glibc
import RelayProtocol

@testable import RelayIO

/// A WebRTC endpoint on one loopback socket: controlling ICE (libnice's STUN library), DTLS, SRTP. It does something only
/// when `pump` is called, so a test decides the order of everything.
final class TestPeer {
    let ufrag = "peer"
    let password = "peerpasswordpeerpassword"
    let certificate: Certificate
    let descriptor: Int32
    let address: Endpoint
    private(set) var server: Server?
    private(set) var dtls: DTLSEndpoint?
    private(set) var sealer: PacketSealer?
    private var opener: PacketOpener?
    private var windows: [UInt32: ReplayWindow] = [:]
    private let agent = UnsafeMutablePointer<StunAgent>.allocate(capacity: 1)
    private let slot = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 8)

    /// Decrypted, in order of arrival.
    private(set) var media: [[UInt8]] = []
    /// Packets that are nothing but padding: they probe the path.
    private(set) var paddingPackets = 0
    private(set) var control: [[UInt8]] = []
    private(set) var stunReplies: [[UInt8]] = []
    private var sent: [UInt32: ReplayWindow] = [:]

    /// A check was answered with success.
    var isChecked: Bool { stunReplies.contains { $0.starts(with: [0x01, 0x01]) } }

    /// What the relay's SDP said.
    struct Server {
        var ufrag: String
        var password: String
        var fingerprint: String
        var address: Endpoint

        init(sdp: String) {
            func value(_ prefix: String) -> String {
                sdp.split(whereSeparator: \.isNewline).first { $0.hasPrefix(prefix) }.map {
                    String($0.dropFirst(prefix.count))
                } ?? ""
            }
            ufrag = value("a=ice-ufrag:")
            password = value("a=ice-pwd:")
            fingerprint = value("a=fingerprint:sha-256 ")
            let candidate = value("a=candidate:").split(separator: " ")
            address = Endpoint(address: String(candidate[4]), port: UInt16(candidate[5])!)!
        }
    }

    /// Media datagrams that arrived, readable or not.
    private(set) var mediaDatagrams = 0
    /// Whether a DTLS datagram is lost, by its number in either direction.
    var losesDTLS: (Int) -> Bool = { _ in false }
    private var dtlsDatagrams = 0

    /// - Parameter profiles: SRTP profiles to offer or take, by OpenSSL's names; nil for all.
    init(host: String = "127.0.0.1", profiles: String? = nil) throws {
        certificate = try Certificate()
        if let profiles { _ = SSL_CTX_set_tlsext_use_srtp(certificate.context, profiles) }
        let bound = try MediaSocket.bind(Endpoint(address: host, port: 0)!)
        (descriptor, address) = (bound.descriptor, bound.local)
        stun_agent_init(
            agent, knownAttributes, STUN_COMPATIBILITY_RFC5389,
            StunAgentUsageFlags(
                STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS.rawValue | STUN_AGENT_USAGE_USE_FINGERPRINT.rawValue))
    }

    private let knownAttributes: UnsafeMutablePointer<UInt16> = {
        let list: [UInt16] = [0x06, 0x08, 0x09, 0x20, 0x24, 0x25, 0]
        let memory = UnsafeMutablePointer<UInt16>.allocate(capacity: list.count)
        memory.initialize(from: list, count: list.count)
        return memory
    }()

    deinit {
        close(descriptor)
        agent.deallocate()
        knownAttributes.deallocate()
        slot.deallocate()
    }

    /// Takes the relay's description; `roleIsClient` is ours in DTLS.
    func connect(to sdp: String, fingerprint: String? = nil, isClient: Bool = true) throws {
        let server = Server(sdp: sdp)
        let isSameAssociation = self.server?.fingerprint == server.fingerprint
        self.server = server
        if isSameAssociation && dtls != nil { return }
        dtls = try DTLSEndpoint(
            certificate: certificate, isClient: isClient,
            expected: [.init(hash: "sha-256", value: fingerprint ?? server.fingerprint)])
    }

    /// One connectivity check.
    func check(useCandidate: Bool = true, controlling: Bool = true, password: String? = nil) {
        guard let server else { return }
        var message = StunMessage()
        let name = Array("\(server.ufrag):\(ufrag)".utf8)
        let key = Array((password ?? server.password).utf8)
        var buffer = [UInt8](repeating: 0, count: 512)
        let length = stun_usage_ice_conncheck_create(
            agent, &message, &buffer, buffer.count, name, name.count, key, key.count, useCandidate, controlling,
            0x6eff_ffff,
            UInt64(7), nil, STUN_USAGE_ICE_COMPATIBILITY_RFC5245)
        var identifier: StunTransactionId = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutablePointer(to: &identifier) {
            $0.withMemoryRebound(to: UInt8.self, capacity: 16) { stun_message_id(&message, $0) }
        }
        withUnsafeMutablePointer(to: &identifier) {
            _ = $0.withMemoryRebound(to: UInt8.self, capacity: 16) { stun_agent_forget_transaction(agent, $0) }
        }
        send(Array(buffer.prefix(length)))
    }

    func send(_ bytes: [UInt8], to target: Endpoint? = nil) {
        guard let target = target ?? server?.address else { return }
        var segmentation: Int32 = 0
        bytes.withUnsafeBytes { buffer in
            var run = cnet_outbound(
                data: buffer.baseAddress, length: UInt32(buffer.count), segment: 0, to: cnet_endpoint(target))
            _ = cnet_send(descriptor, &run, 1, &segmentation)
        }
    }

    /// Begins the DTLS handshake.
    func startDTLS() {
        dtls?.start()
        drainDTLS()
    }

    private func drainDTLS() {
        dtls?.drain { bytes in
            dtlsDatagrams += 1
            if !losesDTLS(dtlsDatagrams) { send(Array(bytes)) }
        }
    }

    /// Closes the association with close_notify.
    func closeDTLS() {
        dtls?.close()
        drainDTLS()
    }

    /// Takes in what has arrived, and answers it as DTLS wants.
    func pump() {
        var datagram = cnet_inbound(data: slot.baseAddress, capacity: 2048, length: 0, from: cnet_endpoint())
        while cnet_receive(descriptor, &datagram, 1) == 1 {
            let bytes = UnsafeMutableRawBufferPointer(rebasing: slot[0..<Int(datagram.length)])
            guard let first = bytes.first else { continue }
            switch first {
            case 0...3: stunReplies.append(Array(bytes))
            case 20...63:
                dtlsDatagrams += 1
                if losesDTLS(dtlsDatagrams) { continue }
                dtls?.receive(UnsafeRawBufferPointer(bytes))
                drainDTLS()
                takeKeys()
            default:
                mediaDatagrams += 1
                takeMedia(bytes)
            }
        }
        if let left = dtls?.timeout, left.microseconds <= 0 {
            dtls?.handleTimeout()
            drainDTLS()
        }
    }

    private func takeKeys() {
        guard sealer == nil, let keys = dtls?.exportKeys() else { return }
        sealer = try? PacketSealer(keys.sending, profile: keys.profile)
        opener = try? PacketOpener(keys.receiving, profile: keys.profile)
    }

    private func takeMedia(_ bytes: UnsafeMutableRawBufferPointer) {
        guard let opener, bytes.count > 8 else { return }
        if PacketHeader.isRTCP(secondByte: bytes[1]) {
            if let length = opener.openControl(bytes) { control.append(Array(bytes[0..<length])) }
        } else if let header = PacketHeader(UnsafeRawBufferPointer(bytes)) {
            var window = windows[header.ssrc] ?? ReplayWindow()
            if let length = opener.open(bytes, header: header, window: &window) {
                if header.hasPadding, Int(bytes[length - 1]) == length - header.length {
                    paddingPackets += 1
                } else {
                    media.append(Array(bytes[0..<length]))
                }
            }
            windows[header.ssrc] = window
        }
    }

    /// Protects and sends one RTP packet with one-byte header extensions.
    /// - Returns: the datagram.
    @discardableResult
    func sendRTP(
        payloadType: UInt8, sequence: UInt16, timestamp: UInt32, ssrc: UInt32, marker: Bool,
        extensions: [(identifier: UInt8, value: [UInt8])] = [], payload: [UInt8]
    ) -> [UInt8] {
        guard let sealer else { return [] }
        var block: [UInt8] = extensions.flatMap { [$0.identifier << 4 | UInt8($0.value.count - 1)] + $0.value }
        while block.count % 4 != 0 { block.append(0) }
        if !block.isEmpty { block = [0xbe, 0xde, 0, UInt8(block.count / 4)] + block }
        let headerLength = 12 + block.count
        let index = sent[ssrc, default: ReplayWindow()].index(of: sequence)
        sent[ssrc, default: ReplayWindow()].record(index)
        var out = [UInt8](repeating: 0, count: headerLength + payload.count + 16)
        let length = out.withUnsafeMutableBytes { buffer in
            let base = buffer.baseAddress!
            base.put(UInt8(block.isEmpty ? 0x80 : 0x90), at: 0)
            for (offset, byte) in block.enumerated() { base.put(byte, at: 12 + offset) }
            base.put(payloadType | (marker ? 0x80 : 0), at: 1)
            base.put(sequence, at: 2)
            base.put(timestamp, at: 4)
            base.put(ssrc, at: 8)
            return payload.withUnsafeBytes { bytes in
                var part = copenssl_part(data: bytes.baseAddress, length: Int32(bytes.count))
                return sealer.seal(
                    headerLength: headerLength, parts: &part, partCount: 1, ssrc: ssrc, index: index, out: base)
            }
        }
        guard let length else { return [] }
        send(Array(out.prefix(length)))
        return Array(out.prefix(length))
    }

    /// Protects and sends what `write` writes.
    func sendRTCP(_ write: (inout RTCPWriter) -> Bool) {
        var buffer = [UInt8](repeating: 0, count: 1400)
        let length = buffer.withUnsafeMutableBytes { memory -> Int? in
            var writer = RTCPWriter(UnsafeMutableRawBufferPointer(rebasing: memory[0..<1200]))
            guard write(&writer), let base = memory.baseAddress else { return nil }
            return sealer?.sealControl(base, length: writer.count)
        }
        if let length { send(Array(buffer.prefix(length))) }
    }

    /// The same with RTCP of any kind, at most 1300 bytes.
    func sendRTCP(_ bytes: [UInt8]) {
        var buffer = bytes + [UInt8](repeating: 0, count: 100)
        let length = buffer.withUnsafeMutableBytes { memory in
            memory.baseAddress.flatMap { sealer?.sealControl($0, length: bytes.count) }
        }
        if let length { send(Array(buffer.prefix(length))) }
    }

    func forgetReplies() { stunReplies = [] }

    func forgetMedia() {
        media = []
        control = []
    }
}
