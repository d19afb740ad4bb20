import Foundation
import Load

/// A `switchyard serve` on loopback with ports of its own.
struct Server {
    let process: ChildProcess
    let api: MediaServerAPI
    /// Of the REST API.
    let port: UInt16
    private let folder: String

    /// - Parameters:
    ///   - binary: instead of the options' one.
    ///   - workers: of which a room uses a further one from `spread` connections on; with `spread`, all cores are the server's.
    ///   - environment: has the API key where it is not on loopback.
    ///   - path: the network it is in, instead of this machine's loopback.
    init(
        _ options: Options, binary: String? = nil, workers: Int = 1, spread: Int? = nil,
        environment: [String: String] = [:], at path: NetworkPath? = nil
    ) throws {
        folder = NSTemporaryDirectory() + "switchyard-bench-\(getpid())-\(UInt32.random(in: .min ... .max))"
        let address = path?.serverAddress ?? "127.0.0.1"
        let program = binary ?? options.server
        let arguments =
            [
                "serve", "--no-supervise", "--listen", "\(address):0", "--media-port", "0", "--workers", "\(workers)",
                "--announce", address, "--users-max-per-room", "1000", "--media-max-transports", "100000",
                "--log-level", "warning", "--data-dir", folder,
            ] + (spread.map { ["--rooms-spread", "\($0)"] } ?? [])
        let start = try path?.command(program, arguments) ?? (program, arguments)
        process = try ChildProcess(start.0, start.1, hasOwnCore: spread == nil, environment: environment)
        do {
            // ready http=ADDR:PORT media=ADDR:PORT[,…]
            let line = try process.readLine()
            guard let http = line.split(separator: " ").first(where: { $0.hasPrefix("http=") }),
                let port = http.split(separator: ":").last.flatMap({ UInt16($0) })
            else { throw BenchmarkError("the server said: \(line)") }
            self.port = port
            api = try MediaServerAPI(
                address: address, port: port, key: environment["SWITCHYARD_HTTP_API_KEYS"])
        } catch {
            process.stop()
            throw error
        }
    }

    func stop() {
        process.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }
}
