import Foundation

/// A network namespace for servers, joined to this one by a veth pair: the same way for every server, and with an address that is not
/// loopback, which not every server takes media at. Needs root.
struct NetworkPath {
    private let namespace: String
    private let link: String
    /// The servers' end, and ours. Of the block for benchmarks (RFC 2544), so that no other network is hidden.
    let serverAddress: String
    private let ownAddress: String

    /// - Parameter steering: what the kernel does for the receivers of what servers send is done by the receivers' processors, as it is
    ///   where they are machines of their own. Without it, it is done within the servers' system calls and counts as theirs.
    init(steering: Bool) throws {
        namespace = "switchyard-\(getpid())"
        link = "sy\(getpid())"
        let subnet = "198.18.\(UInt8.random(in: .min ... .max))"
        (ownAddress, serverAddress) = (subnet + ".1", subnet + ".2")
        guard getuid() == 0 else {
            throw BenchmarkError("--versus makes a network namespace for the servers, which only root may")
        }
        try Command.run("ip", "netns", "add", namespace)
        do {
            try Command.run("ip", "link", "add", link, "type", "veth", "peer", "name", "server", "netns", namespace)
            try Command.run("ip", "address", "add", ownAddress + "/24", "dev", link)
            try Command.run("ip", "link", "set", link, "up")
            if steering, let mask = Processors.clientMask {
                try mask.write(
                    toFile: "/sys/class/net/\(link)/queues/rx-0/rps_cpus", atomically: false, encoding: .utf8)
            }
            try inside("address", "add", serverAddress + "/24", "dev", "server")
            try inside("link", "set", "server", "up")
            try inside("link", "set", "lo", "up")
        } catch {
            remove()
            throw error
        }
    }

    private func inside(_ arguments: String...) throws {
        try Command.run("ip", ["-n", namespace] + arguments)
    }

    /// What starts a program there; it keeps the process id.
    func command(_ program: String, _ arguments: [String]) throws -> (program: String, arguments: [String]) {
        (try Command.path("ip"), ["netns", "exec", namespace, program] + arguments)
    }

    /// With the namespace its end of the pair goes, and so does ours.
    func remove() { try? Command.run("ip", "netns", "delete", namespace) }
}
