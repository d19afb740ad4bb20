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
