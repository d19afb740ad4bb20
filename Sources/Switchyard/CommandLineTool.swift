import Configuration
import Glibc
import Log

/// `switchyard …`: reads the command line and does what it says.
enum CommandLineTool {
    /// The process's exit codes.
    enum ExitCode {
        static let done: Int32 = 0
        /// Could not start, or ended by itself.
        static let failed: Int32 = 1
        /// A wrong command line or configuration.
        static let usage: Int32 = 2
    }

    /// - Returns: the exit code.
    static func run(arguments: [String], environment: [String: String]) -> Int32 {
        if arguments.first == "load" {
            return LoadCommand.run(arguments: Array(arguments.dropFirst()), environment: environment)
        }
        do {
            let invocation = try Invocation(arguments: arguments)
            switch invocation.command {
            case .help:
                Console.print(HelpText.text)
            case .version:
                Console.print("switchyard \(Version.text)\n")
            case .config where invocation.wantsReference:
                Console.print(SettingsReference.markdown)
            case .config:
                let configuration = try read(invocation, environment)
                Console.print(ConfigurationReport.text(configuration))
                try configuration.settings.check(processors: Machine.processors)
            case .backup:
                return BackupCommand.run(invocation, try read(invocation, environment).settings)
            case .serve:
                return try serve(invocation, environment)
            }
            return ExitCode.done
        } catch {
            Console.complain("switchyard: \(error)\n")
            if error.isAboutTheCommandLine { Console.complain("Try: switchyard help\n") }
            return ExitCode.usage
        }
    }

    /// The environment as a dictionary.
    static var environment: [String: String] {
        var result: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            next += 1
        }
        return result
    }

    private static func serve(_ invocation: Invocation, _ environment: [String: String]) throws(ConfigurationError)
        -> Int32
    {
        let isSupervised = Supervisor.adopt(environment)
        let configuration = try read(invocation, environment, warns: !isSupervised)
        try configuration.settings.check(processors: Machine.processors)
        Log.configure(level: configuration.settings.logLevel, format: configuration.settings.logFormat)
        if invocation.supervises && !isSupervised { return Supervisor().run() }
        return Service.run(configuration.settings)
    }

    private static func read(
        _ invocation: Invocation, _ environment: [String: String], warns: Bool = true
    ) throws(ConfigurationError) -> Configuration {
        let configuration = try Configuration(invocation, environment: environment)
        if warns { for warning in configuration.warnings { Console.complain("switchyard: \(warning)\n") } }
        return configuration
    }
}

extension ConfigurationError {
    /// Whether the help would help.
    fileprivate var isAboutTheCommandLine: Bool {
        switch self {
        case .missingCommand, .missingOperand, .unknownCommand, .unknownFlag, .missingValue, .needlessValue,
            .unexpectedArgument:
            true
        default: false
        }
    }
}
