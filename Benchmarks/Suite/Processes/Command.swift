import Foundation

/// Programs of the system that end by themselves.
enum Command {
    private static let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    static func path(_ name: String) throws -> String {
        let found = folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let found else { throw BenchmarkError("\(name) is not installed") }
        return found
    }

    static func run(_ name: String, _ arguments: String...) throws { try run(name, arguments) }

    static func run(_ name: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try path(name))
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchmarkError("\(([name] + arguments).joined(separator: " ")) failed")
        }
    }
}
