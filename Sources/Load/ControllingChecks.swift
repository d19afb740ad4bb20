internal import CNice

/// The controlling side's connectivity checks towards one ICE-lite peer, by libnice's STUN library (RFC 8445, section 7.2).
final class ControllingChecks {
    private let agent = UnsafeMutablePointer<StunAgent>.allocate(capacity: 1)
    /// Ends with 0.
    private let knownAttributes = UnsafeMutablePointer<UInt16>.allocate(capacity: 8)
    private let username: [UInt8]
    /// libnice keeps a pointer to the password until the response has come.
    private let password: UnsafeMutableBufferPointer<UInt8>

    init(localUfrag: String, remoteUfrag: String, remotePassword: String) {
        username = Array("\(remoteUfrag):\(localUfrag)".utf8)
        password = .allocate(capacity: remotePassword.utf8.count)
        _ = password.initialize(fromContentsOf: remotePassword.utf8)
        let known = [
            STUN_ATTRIBUTE_USERNAME, STUN_ATTRIBUTE_MESSAGE_INTEGRITY, STUN_ATTRIBUTE_ERROR_CODE,
            STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
            STUN_ATTRIBUTE_MAPPED_ADDRESS,
        ]
        knownAttributes.initialize(repeating: 0, count: 8)
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
    }

    /// A binding request with USERNAME, PRIORITY, ICE-CONTROLLING, USE-CANDIDATE, MESSAGE-INTEGRITY and FINGERPRINT.
    func request() -> [UInt8] {
        var message = StunMessage()
        var buffer = [UInt8](repeating: 0, count: 512)
        let length = stun_usage_ice_conncheck_create(
            agent, &message, &buffer, buffer.count, username, username.count, password.baseAddress, password.count,
            true, true,
            0x6e7f_00ff, 0x0123_4567_89ab_cdef, nil, STUN_USAGE_ICE_COMPATIBILITY_RFC5245)
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
}
