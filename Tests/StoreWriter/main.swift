// Run by SQLiteStoreTests, which kills it: writes things to the store of a directory, and prints the number of each
// as soon as it was acknowledged.
//
//     store-writer DIRECTORY FIRST COUNT WRITERS
import Glibc
import RelayControl
import RoomModel
import SQLiteStore

/// One write: a room with members, a user with a device, and a session, that have to be there together or not at all.
func changes(_ number: Int) -> [StoreChange] {
    let user = UserID("user \(number)")
    return [
        .putRoom(
            RoomDefinition(
                id: RoomID("\(number)"), name: "Room \(number)",
                members: [.init(user: user, isAdmin: true), .init(user: UserID("somebody else"))])),
        .putUser(
            User(
                id: user, username: "name \(number)", passwordHash: "hash",
                devices: [Device(name: "phone", tokenDigest: "digest \(number)")])),
        .addSession(
            SessionRecord(
                room: RoomID("\(number)"), tenant: .default, startedAt: Double(number), endedAt: Double(number) + 1,
                participants: 2)),
    ]
}

/// Goes out at once and whole: nothing is left in a buffer when the process is killed.
func say(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    if write(1, bytes, bytes.count) != bytes.count { exit(3) }
}

let arguments = CommandLine.arguments
guard arguments.count == 5, let first = Int(arguments[2]), let count = Int(arguments[3]),
    let writers = Int(arguments[4])
else { exit(2) }
let store = try SQLiteStore(directory: arguments[1])
say("open")
await withTaskGroup { group in
    for writer in 0..<writers {
        group.addTask {
            for number in stride(from: first + writer, to: first + count, by: writers) {
                do {
                    try await store.write(changes(number))
                    say("\(number)")
                } catch {
                    say("failed: \(error)")
                    exit(1)
                }
            }
        }
    }
}
await store.close()
say("done")
