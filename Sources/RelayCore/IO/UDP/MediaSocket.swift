internal import CNet
internal import Glibc
internal import RelayProtocol

/// One worker's UDP socket on one local address.
final class MediaSocket {
    let descriptor: Int32
    let local: Endpoint
    let queue: SendQueue

    /// Takes over a socket from `bind`.
    init(descriptor: Int32, local: Endpoint) {
        self.descriptor = descriptor
        self.local = local
        queue = SendQueue(descriptor: descriptor)
    }

    deinit { close(descriptor) }

    private var lastReceiveDrops: UInt32 = 0
    private var allReceiveDrops: UInt64 = 0

    /// Asks the kernel how many datagrams it has ever dropped because the receive buffer was full. Its count has 32 bits and may
    /// wrap around once between two calls.
    func askKernelForReceiveDrops() -> UInt64 {
        let count = cnet_receive_drops(descriptor)
        allReceiveDrops &+= UInt64(count &- lastReceiveDrops)
        lastReceiveDrops = count
        return allReceiveDrops
    }

    /// Binds a UDP socket; port 0 picks a free one.
    /// - Returns: the descriptor, to be owned by a `MediaSocket`, and the address with the port that was bound.
    static func bind(_ local: Endpoint) throws(RelayStartError) -> (descriptor: Int32, local: Endpoint) {
        var raw = cnet_endpoint(local)
        let descriptor = cnet_udp_open(&raw)
        guard descriptor >= 0 else {
            throw .bind(address: local.description, reason: String(cString: strerror(errno)))
        }
        return (descriptor, Endpoint(raw))
    }

    /// The buffer sizes in bytes that a socket was given and that it was to have; nil where it has what it should.
    static func shortBuffers(_ descriptor: Int32) -> (given: Int, wanted: Int)? {
        let (given, wanted) = (Int(cnet_buffer_bytes(descriptor)), Int(CNET_SOCKET_BUFFER))
        return given < wanted ? (given, wanted) : nil
    }
}

/// Why the relay could not start.
public enum RelayStartError: Error, CustomStringConvertible {
    /// An address of `media.announce` is not an address.
    case badAddress(String)
    /// No address to listen on.
    case noAddress
    /// The socket could not be bound.
    case bind(address: String, reason: String)
    /// OpenSSL, libuv or a thread could not be set up.
    case setUp(String)
    /// The library that `srtp.backend` names cannot be used.
    case cipher(CipherError)

    public var description: String {
        switch self {
        case .badAddress(let text): "media.announce: \"\(text)\" is not an IPv4 or IPv6 address"
        case .noAddress: "media.announce: this machine has no address to listen on; name one"
        case .cipher(let error): "srtp.backend: \(error)"
        case .bind(let address, let reason): "media.port: cannot listen on UDP \(address): \(reason)"
        case .setUp(let what): "cannot set up \(what)"
        }
    }
}
