import Glibc
import Load

/// `switchyard load …`
enum LoadCommand {
    /// - Parameter arguments: those after `load`.
    /// - Returns: the exit code.
    static func run(arguments: [String], environment: [String: String]) -> Int32 {
        if arguments.contains("--help") || arguments.contains("-h") {
            Console.print(LoadHelp.text)
            return CommandLineTool.ExitCode.done
        }
        do throws(LoadError) {
            var options = try LoadOptions(arguments: arguments)
            options.apiKey = options.apiKey ?? environment["SWITCHYARD_LOAD_API_KEY"]
            // Every connection is a socket.
            Machine.raiseOpenFileLimit()
            let isTerminal = isatty(2) == 1
            let run = try LoadRun(options) { sample, progress in
                let line = LoadTable.line(sample, progress: progress)
                Console.complain(isTerminal ? "\r\u{1B}[K" + line : line + "\n")
            }
            let report = run.run()
            if isTerminal { Console.complain("\r\u{1B}[K") }
            Console.print(LoadTable.text(report))
            if let file = options.jsonFile { try write(report.json(), to: file) }
            if let file = options.htmlFile { try write(Array(LoadPage.html(report).utf8), to: file) }
            return report.broken.isEmpty && report.received.packets > 0
                ? CommandLineTool.ExitCode.done : CommandLineTool.ExitCode.failed
        } catch {
            Console.complain("switchyard load: \(error)\n")
            switch error {
            case .usage:
                Console.complain("Try: switchyard load --help\n")
                return CommandLineTool.ExitCode.usage
            case .refused: return CommandLineTool.ExitCode.usage
            case .connection, .server, .machine: return CommandLineTool.ExitCode.failed
            }
        }
    }

    private static func write(_ bytes: [UInt8], to file: String) throws(LoadError) {
        guard let output = fopen(file, "w") else {
            throw .machine("cannot write \(file): \(String(cString: strerror(errno)))")
        }
        let count = fwrite(bytes, 1, bytes.count, output)
        guard fclose(output) == 0, count == bytes.count else {
            throw .machine("cannot write \(file): \(String(cString: strerror(errno)))")
        }
    }
}
