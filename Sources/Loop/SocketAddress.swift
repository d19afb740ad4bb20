internal import CUV
internal import Glibc

/// A textual IPv4 or IPv6 address and a port.
public struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    public var address: String
    public var port: UInt16

    public init(address: String, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// `127.0.0.1:80`, `[::1]:80`.
    public var description: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }

    /// 127.0.0.0/8 or ::1.
    public var isLoopback: Bool {
        guard let storage = try? storage() else { return false }
        let family = Int32(storage.ss_family)
        return withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET:
                return bytes.loadUnaligned(fromByteOffset: 4, as: UInt8.self) == 127
            case AF_INET6:
                return bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1
            default:
                return false
            }
        }
    }

    func storage() throws(LoopError) -> sockaddr_storage {
        var storage = sockaddr_storage()
        let code = withUnsafeMutableBytes(of: &storage) { bytes in
            guard let base = bytes.baseAddress else { return UV_EINVAL.rawValue }
            if address.contains(":") {
                return uv_ip6_addr(address, Int32(port), base.assumingMemoryBound(to: sockaddr_in6.self))
            }
            return uv_ip4_addr(address, Int32(port), base.assumingMemoryBound(to: sockaddr_in.self))
        }
        if code < 0 { throw .badAddress(address) }
        return storage
    }

    static func own(of handle: UnsafeMutablePointer<uv_tcp_t>) -> SocketAddress? {
        named(by: uv_tcp_getsockname, handle)
    }

    static func peer(of handle: UnsafeMutablePointer<uv_tcp_t>) -> SocketAddress? {
        named(by: uv_tcp_getpeername, handle)
    }

    private static func named(
        by name: (UnsafePointer<uv_tcp_t>?, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<Int32>?) -> Int32,
        _ handle: UnsafeMutablePointer<uv_tcp_t>
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = Int32(MemoryLayout<sockaddr_storage>.size)
        let size = MemoryLayout<sockaddr_storage>.size
        return withUnsafeMutablePointer(to: &storage) { pointer in
            let raw = UnsafeMutableRawPointer(pointer)
            guard name(handle, raw.assumingMemoryBound(to: sockaddr.self), &length) == 0, Int(length) <= size else {
                return nil
            }
            var text = [CChar](repeating: 0, count: 64)
            let code: Int32
            switch Int32(pointer.pointee.ss_family) {
            case AF_INET: code = uv_ip4_name(raw.assumingMemoryBound(to: sockaddr_in.self), &text, text.count)
            case AF_INET6: code = uv_ip6_name(raw.assumingMemoryBound(to: sockaddr_in6.self), &text, text.count)
            default: return nil
            }
            guard code == 0 else { return nil }
            // The port is the second 16-bit word of both address families, in network order.
            let port = UInt16(bigEndian: raw.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
            let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            return SocketAddress(address: String(decoding: bytes, as: UTF8.self), port: port)
        }
    }
}
