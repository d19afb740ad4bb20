import CNet
import CNice
import Foundation
@testable import RelayIO
import RelayProtocol

/// The other end of a connectivity check, by libnice's STUN library: builds requests, and reads what comes back.
final class STUNClient {
    let agent = UnsafeMutablePointer<StunAgent>.allocate(capacity: 1)
    private let known = UnsafeMutablePointer<UInt16>.allocate(capacity: 8)
    private let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: 1024)
    private let password: UnsafeMutableBufferPointer<UInt8>

    /// - Parameter fingerprint: whether requests end with FINGERPRINT.
    init(password text: String, fingerprint: Bool = true) {
        password = .allocate(capacity: max(1, text.utf8.count))
        _ = password.initialize(fromContentsOf: text.utf8)
        known.initialize(repeating: 0, count: 8)
        let attributes = [
            STUN_ATTRIBUTE_USERNAME, STUN_ATTRIBUTE_MESSAGE_INTEGRITY, STUN_ATTRIBUTE_ERROR_CODE,
            STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
            STUN_ATTRIBUTE_UNKNOWN_ATTRIBUTES,
        ]
        for (index, attribute) in attributes.enumerated() { known[index] = UInt16(attribute.rawValue) }
        let usage =
            STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS.rawValue
            | (fingerprint ? STUN_AGENT_USAGE_USE_FINGERPRINT.rawValue : 0)
        stun_agent_init(agent, known, STUN_COMPATIBILITY_RFC5389, StunAgentUsageFlags(usage))
    }

    deinit {
        agent.deallocate()
        known.deallocate()
        buffer.deallocate()
        password.deallocate()
    }

    /// RFC 5769's transaction.
    static let transaction: [UInt8] = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae]

    /// A request with the transaction of RFC 5769, signed unless `signed` is false.
    func request(
        method: StunMethod = STUN_BINDING, username: String? = "evtj:h6vY", controlling: Bool = true,
        useCandidate: Bool = false,
        extra: [(type: UInt32, value: [UInt8])] = [], signed: Bool = true
    ) -> [UInt8] {
        var message = StunMessage()
        _ = stun_agent_init_request(agent, &message, buffer, 1024, method)
        (buffer + 8).update(from: Self.transaction, count: 12)
        _ = stun_message_append32(&message, STUN_ATTRIBUTE_PRIORITY, 0x6e00_01ff)
        _ = stun_message_append64(
            &message, controlling ? STUN_ATTRIBUTE_ICE_CONTROLLING : STUN_ATTRIBUTE_ICE_CONTROLLED, 7)
        if useCandidate { _ = stun_message_append_flag(&message, STUN_ATTRIBUTE_USE_CANDIDATE) }
        for attribute in extra {
            _ = stun_message_append_bytes(
                &message, StunAttribute(attribute.type), attribute.value, attribute.value.count)
        }
        if let username { _ = stun_message_append_string(&message, STUN_ATTRIBUTE_USERNAME, username) }
        let length = stun_agent_finish_message(
            agent, &message, signed ? password.baseAddress : nil, signed ? password.count : 0)
        return Array(UnsafeBufferPointer(start: buffer, count: length))
    }

    /// A reply as this client reads it.
    struct Reply {
        var status: StunValidationStatus
        var isSuccess: Bool
        var errorCode: Int32?
        /// XOR-MAPPED-ADDRESS.
        var address: Endpoint?
        var unknownAttributes: [UInt8]?
    }

    func read(_ reply: [UInt8]) -> Reply {
        var message = StunMessage()
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, reply.count))
        defer { memory.deallocate() }
        memory.update(from: reply, count: reply.count)
        let status = stun_agent_validate(agent, &message, memory, reply.count, nil, nil)
        guard status != STUN_VALIDATION_NOT_STUN, status != STUN_VALIDATION_INCOMPLETE_STUN else {
            return Reply(status: status, isSuccess: false)
        }
        var result = Reply(status: status, isSuccess: stun_message_get_class(&message) == STUN_RESPONSE)
        var code: Int32 = 0
        if stun_message_find_error(&message, &code) == STUN_MESSAGE_RETURN_SUCCESS { result.errorCode = code }
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var endpoint = cnet_endpoint()
        if stun_message_find_xor_addr(&message, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, &address, &length)
            == STUN_MESSAGE_RETURN_SUCCESS,
            cnet_endpoint_from_sockaddr(&address, &endpoint) == 0
        {
            result.address = Endpoint(endpoint)
        }
        var count: UInt16 = 0
        if let unknown = stun_message_find(&message, STUN_ATTRIBUTE_UNKNOWN_ATTRIBUTES, &count) {
            result.unknownAttributes = Array(UnsafeRawBufferPointer(start: unknown, count: Int(count)))
        }
        return result
    }
}

extension ConnectivityChecks.Outcome {
    var isAccepted: Bool { if case .accepted = self { true } else { false } }
}

extension ConnectivityChecks {
    /// Handles a datagram; `passwords` by ufrag.
    func handled(
        _ datagram: [UInt8], from source: Endpoint, passwords: [String: String] = ["evtj": "VOkJxbRl1RmTxUk/WvJxBt"]
    ) -> (outcome: Outcome, reply: [UInt8]) {
        let outcome = datagram.withUnsafeBytes { handle($0, from: source) { passwords[$0] } }
        switch outcome {
        case .ignored: return (outcome, [])
        case .refused(let length), .accepted(_, _, let length): return (outcome, Array(reply.prefix(length)))
        }
    }
}
