import RelayControl
import RelayIO

/// Protecting and unprotecting a packet with each library that this machine has for AES-GCM.
struct CipherMicro {
    private let libraries = CipherLibrary.allCases.filter { $0 != .evp && $0.state.isUsable }

    /// Which are measured.
    var versions: String { libraries.map(\.versionedName).joined(separator: ", ") }

    func run() throws -> [MicroRow] {
        let packets = SRTPMicro()
        var rows: [MicroRow] = []
        for library in libraries {
            for length in [100, 200, 1_200] {
                rows.append(
                    try row("protect", library, length) { try packets.sealing(.gcm128, length, $0) })
                rows.append(
                    try row("unprotect", library, length) { try packets.opening(.gcm128, length, $0) })
            }
        }
        rows.append(try choice())
        return rows
    }

    /// What a server does once, when it starts: every library that may be used is held against libsrtp2.
    private func choice() throws -> MicroRow {
        let times = try (0..<7).map { _ in try timed(1) { _ = try CipherBackend.select(.automatic) } }
        let unit = MicroRow.Unit.microseconds
        return MicroRow(
            name: "choosing and testing them, once at start", value: median(times) * unit.perNanosecond, unit: unit)
    }

    private func row(
        _ what: String, _ library: CipherLibrary, _ length: Int,
        _ measurement: (CipherBackend) throws -> () throws -> Double
    ) throws -> MicroRow {
        try interleaved(
            "\(what) with \(library.name), \(length) bytes", beside: "EVP",
            own: try measurement(CipherBackend(gcm: library, counter: .evp)),
            bound: try measurement(CipherBackend(gcm: .evp, counter: .evp)))
    }
}
