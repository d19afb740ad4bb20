internal import CNet
internal import CNice
internal import RelayProtocol

/// Answers connectivity checks as an ICE-lite agent (RFC 8445, section 7.3) with libnice's STUN library.
final class ConnectivityChecks {
    /// What came of a STUN datagram. A reply's length counts bytes in `reply`.
    enum Outcome {
        /// Not STUN, or nothing to say to it.
        case ignored
        /// Refused; an error reply may be sent.
        case refused(replyLength: Int)
        /// An authenticated check for the local `ufrag`; send the reply.
        case accepted(ufrag: String, useCandidate: Bool, replyLength: Int)
    }

    /// Valid until the next call.
    let reply = UnsafeMutableRawBufferPointer.allocate(byteCount: 512, alignment: 8)
    private let agent = UnsafeMutablePointer<StunAgent>.allocate(capacity: 1)
    private let knownAttributes: UnsafeMutablePointer<UInt16>

    /// Looks up the password of a local ufrag. Set for the time of one call.
    private var password: (String) -> String? = { _ in nil }
    private var matchedUfrag = ""
    /// libnice holds a pointer to the password until the reply is made.
    private let passwordBytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 256)

    init() {
        // Comprehension-required attributes that checks may carry; the list ends with 0.
        let known: [UInt16] = [
            UInt16(STUN_ATTRIBUTE_USERNAME.rawValue), UInt16(STUN_ATTRIBUTE_MESSAGE_INTEGRITY.rawValue),
            UInt16(STUN_ATTRIBUTE_PRIORITY.rawValue), UInt16(STUN_ATTRIBUTE_USE_CANDIDATE.rawValue),
            UInt16(STUN_ATTRIBUTE_ERROR_CODE.rawValue), UInt16(STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS.rawValue),
            UInt16(STUN_ATTRIBUTE_MAPPED_ADDRESS.rawValue), 0,
        ]
        knownAttributes = .allocate(capacity: known.count)
        knownAttributes.initialize(from: known, count: known.count)
        stun_agent_init(
            agent, knownAttributes, STUN_COMPATIBILITY_RFC5389,
            StunAgentUsageFlags(
                STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS.rawValue | STUN_AGENT_USAGE_USE_FINGERPRINT.rawValue))
    }

    deinit {
        reply.deallocate()
        passwordBytes.deallocate()
        agent.deallocate()
        knownAttributes.deallocate()
    }

    /// Handles one datagram whose first byte is 0–3.
    /// - Parameter password: the password of a local ufrag, nil for an unknown one.
    func handle(
        _ datagram: UnsafeRawBufferPointer, from source: Endpoint, password: @escaping (String) -> String?
    ) -> Outcome {
        guard let bytes = datagram.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return .ignored }
        self.password = password
        defer { self.password = { _ in nil } }
        matchedUfrag = ""
        var request = StunMessage()
        let status = stun_agent_validate(
            agent, &request, bytes, datagram.count, findPassword, Unmanaged.passUnretained(self).toOpaque())
        guard status != STUN_VALIDATION_NOT_STUN, status != STUN_VALIDATION_INCOMPLETE_STUN,
            stun_message_get_class(&request) == STUN_REQUEST
        else { return .ignored }
        guard stun_message_get_method(&request) == STUN_BINDING else {
            return .refused(replyLength: errorReply(to: &request, STUN_ERROR_BAD_REQUEST))
        }
        switch status {
        case STUN_VALIDATION_SUCCESS: return answer(&request, from: source)
        case STUN_VALIDATION_UNKNOWN_REQUEST_ATTRIBUTE:
            var message = StunMessage()
            let length = stun_agent_build_unknown_attributes_error(agent, &message, replyBytes, reply.count, &request)
            return .refused(replyLength: Int(length))
        case STUN_VALIDATION_UNAUTHORIZED:
            return .refused(replyLength: errorReply(to: &request, STUN_ERROR_UNAUTHORIZED))
        default: return .refused(replyLength: errorReply(to: &request, STUN_ERROR_BAD_REQUEST))
        }
    }

    private var replyBytes: UnsafeMutablePointer<UInt8>? { reply.baseAddress?.assumingMemoryBound(to: UInt8.self) }

    private func answer(_ request: inout StunMessage, from source: Endpoint) -> Outcome {
        var address = sockaddr_storage()
        var endpoint = cnet_endpoint(source)
        let addressLength = cnet_endpoint_to_sockaddr(&endpoint, &address)
        var message = StunMessage()
        var length = reply.count
        var isControlling = false
        // The tie-breaker 0 loses against every peer that claims to be controlled, so that it hears 487: a lite agent
        // never controls (RFC 8445, section 7.3.1.1).
        let result = stun_usage_ice_conncheck_create_reply(
            agent, &request, &message, replyBytes, &length, &address, addressLength, &isControlling, 0,
            STUN_USAGE_ICE_COMPATIBILITY_RFC5245)
        guard result == STUN_USAGE_ICE_RETURN_SUCCESS, !isControlling, !matchedUfrag.isEmpty else {
            return .refused(replyLength: result == STUN_USAGE_ICE_RETURN_SUCCESS ? 0 : length)
        }
        return .accepted(
            ufrag: matchedUfrag, useCandidate: stun_usage_ice_conncheck_use_candidate(&request), replyLength: length)
    }

    private func errorReply(to request: inout StunMessage, _ code: StunError) -> Int {
        var message = StunMessage()
        guard stun_agent_init_error(agent, &message, replyBytes, reply.count, &request, code) else { return 0 }
        return Int(stun_agent_finish_message(agent, &message, nil, 0))
    }

    /// USERNAME is `local:remote` (RFC 8445, section 7.2.2).
    fileprivate func matchPassword(username: UnsafeBufferPointer<UInt8>) -> (
        bytes: UnsafeMutablePointer<UInt8>, count: Int
    )? {
        let ufrag = String(decoding: username.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
        guard ufrag.utf8.count < username.count, let found = password(ufrag), found.utf8.count <= passwordBytes.count,
            let base = passwordBytes.baseAddress
        else { return nil }
        matchedUfrag = ufrag
        _ = passwordBytes.update(fromContentsOf: found.utf8)
        return (base, found.utf8.count)
    }
}

/// libnice asks for the password of a request's USERNAME; the bytes stay valid until the next request.
private func findPassword(
    agent: UnsafeMutablePointer<StunAgent>?, message: UnsafeMutablePointer<StunMessage>?,
    username: UnsafeMutablePointer<UInt8>?,
    usernameLength: UInt16, password: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?,
    passwordLength: UnsafeMutablePointer<Int>?, context: UnsafeMutableRawPointer?
) -> Bool {
    guard let username, let context else { return false }
    let checks = Unmanaged<ConnectivityChecks>.fromOpaque(context).takeUnretainedValue()
    guard let found = checks.matchPassword(username: UnsafeBufferPointer(start: username, count: Int(usernameLength)))
    else {
        return false
    }
    password?.pointee = found.bytes
    passwordLength?.pointee = found.count
    return true
}
