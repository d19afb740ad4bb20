import Configuration
import SQLiteStore

/// `switchyard backup FILE`
enum BackupCommand {
    /// - Returns: the exit code.
    static func run(_ invocation: Invocation, _ settings: Settings) -> Int32 {
        let file = invocation.backupFile ?? ""
        do throws(BackupError) {
            let copy = try StoreBackup.make(
                directory: settings.dataDirectory, to: file, replaces: invocation.forces)
            Console.print(
                "\(file): \(count(copy.rooms, "room")), \(count(copy.users, "user")), "
                    + "\(count(copy.licences, "licence")), \(count(copy.sessions, "session"))\n")
            return CommandLineTool.ExitCode.done
        } catch {
            Console.complain("switchyard backup: \(error)\n")
            return CommandLineTool.ExitCode.failed
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
