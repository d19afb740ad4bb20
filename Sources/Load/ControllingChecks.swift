internal import CNet
internal import CNice
internal import Glibc
internal import RelayProtocol

/// The controlling side's connectivity checks towards one peer, and its answers to the peer's where that is not so lite as to make
/// none, by libnice's STUN library (RFC 8445, section 7).
final class ControllingChecks {
    private let agent = UnsafeMutablePointer<StunAgent>.allocate(capacity: 1)
    /// Ends with 0.
    private let knownAttributes = UnsafeMutablePointer<UInt16>.allocate(capacity: 9)
    private let username: [UInt8]
    /// libnice keeps a pointer to the password until the response has come.
    private let password: UnsafeMutableBufferPointer<UInt8>
    /// What the peer's checks are authenticated with.
    private let expectedUsername: UnsafeMutableBufferPointer<UInt8>
    private let expectedPassword: UnsafeMutableBufferPointer<UInt8>
    /// Any; whoever claims our role with a lower one is told to change it.
    private static let tieBreaker: UInt64 = 0x0123_4567_89ab_cdef

    init(local: SessionText.Local, remoteUfrag: String, remotePassword: String) {
        username = Array("\(remoteUfrag):\(local.ufrag)".utf8)
        password = Self.bytes(remotePassword)
        expectedUsername = Self.bytes("\(local.ufrag):\(remoteUfrag)")
        expectedPassword = Self.bytes(local.password)
        let known = [
            STUN_ATTRIBUTE_USERNAME, STUN_ATTRIBUTE_MESSAGE_INTEGRITY, STUN_ATTRIBUTE_ERROR_CODE,
            STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
            STUN_ATTRIBUTE_MAPPED_ADDRESS, STUN_ATTRIBUTE_PRIORITY, STUN_ATTRIBUTE_USE_CANDIDATE,
        ]
        knownAttributes.initialize(repeating: 0, count: 9)
        for (index, attribute) in known.enumerated() { knownAttributes[index] = UInt16(attribute.rawValue) }
        stun_agent_init(
            agent, knownAttributes, STUN_COMPATIBILITY_RFC5389,
            StunAgentUsageFlags(
                STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS.rawValue | STUN_AGENT_USAGE_USE_FINGERPRINT.rawValue))
    }

    deinit {
        agent.deallocate()
        knownAttributes.deallocate()
        password.deallocate()
        expectedUsername.deallocate()
        expectedPassword.deallocate()
    }

    private static func bytes(_ text: String) -> UnsafeMutableBufferPointer<UInt8> {
        let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
        _ = bytes.initialize(fromContentsOf: text.utf8)
        return bytes
    }

    /// A binding request with USERNAME, PRIORITY, ICE-CONTROLLING, USE-CANDIDATE, MESSAGE-INTEGRITY and FINGERPRINT.
    func request() -> [UInt8] {
        var message = StunMessage()
        var buffer = [UInt8](repeating: 0, count: 512)
        let length = stun_usage_ice_conncheck_create(
            agent, &message, &buffer, buffer.count, username, username.count, password.baseAddress, password.count,
            true, true,
            0x6e7f_00ff, Self.tieBreaker, nil, STUN_USAGE_ICE_COMPATIBILITY_RFC5245)
        var id: (UInt64, UInt64) = (0, 0)
        withUnsafeMutableBytes(of: &id) {
            stun_message_id(&message, $0.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
        sent.append(id)
        // The agent remembers 200 requests; one that was not answered by the fourth after it never will be.
        if sent.count > 4 {
            var old = sent.removeFirst()
            withUnsafeMutableBytes(of: &old) { bytes in
                _ = stun_agent_forget_transaction(agent, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
            }
        }
        return Array(buffer.prefix(length))
    }

    private var sent: [(UInt64, UInt64)] = []

    /// Whether a datagram is the authentic success response to one of our requests.
    func isSuccess(_ datagram: UnsafeRawBufferPointer) -> Bool {
        var message = StunMessage()
        let status = stun_agent_validate(
            agent, &message, datagram.baseAddress?.assumingMemoryBound(to: UInt8.self), datagram.count, nil, nil)
        return status == STUN_VALIDATION_SUCCESS && stun_message_get_class(&message) == STUN_RESPONSE
    }

    /// A binding request; libnice's agent may be asked about a response only once.
    static func isRequest(_ datagram: UnsafeRawBufferPointer) -> Bool { datagram.uint16(at: 0) == 1 }

    /// The answer to a check of the peer's; nil for what is none, or is not authentic.
    func answer(to datagram: UnsafeRawBufferPointer, from source: cnet_endpoint) -> [UInt8]? {
        // The list ends with a name of nothing.
        var known = [StunDefaultValidaterData](repeating: StunDefaultValidaterData(), count: 2)
        known[0] = StunDefaultValidaterData(
            username: expectedUsername.baseAddress, username_len: expectedUsername.count,
            password: expectedPassword.baseAddress, password_len: expectedPassword.count)
        var request = StunMessage()
        let status = stun_agent_validate(
            agent, &request, datagram.baseAddress?.assumingMemoryBound(to: UInt8.self), datagram.count,
            stun_agent_default_validater, &known)
        guard status == STUN_VALIDATION_SUCCESS, stun_message_get_class(&request) == STUN_REQUEST,
            stun_message_get_method(&request) == STUN_BINDING
        else { return nil }
        var endpoint = source
        var address = sockaddr_storage()
        let addressLength = cnet_endpoint_to_sockaddr(&endpoint, &address)
        var message = StunMessage()
        var buffer = [UInt8](repeating: 0, count: 512)
        var length = buffer.count
        var isControlling = true
        let result = stun_usage_ice_conncheck_create_reply(
            agent, &request, &message, &buffer, &length, &address, addressLength, &isControlling, Self.tieBreaker,
            STUN_USAGE_ICE_COMPATIBILITY_RFC5245)
        return result == STUN_USAGE_ICE_RETURN_SUCCESS ? Array(buffer.prefix(length)) : nil
    }
}
