/// How one kind of server is told who comes, publishes, watches and goes. Calls are made one after the other, and block.
///
/// Rooms and people have names of the run's own; a server that numbers them itself has its driver keep the numbers.
package protocol Signalling: AnyObject {
    /// Rooms are there before anybody joins.
    func createRoom(_ room: String) throws(LoadError)

    /// - Parameter watches: whether offers of those who publish are wanted, now and later.
    /// - Returns: the server's offers for those who publish already, by their names.
    func join(_ user: String, room: String, watches: Bool) throws(LoadError) -> [String: String]

    /// - Parameter offer: of what the user sends.
    /// - Returns: the server's answer, and its offers of this publisher to those who are in the room, by their names.
    func produce(_ user: String, room: String, offer: String) throws(LoadError) -> Produced

    /// Tells that the publisher's connection is made; only called where `LoadDriver.announcesPublishers`.
    /// - Returns: the server's offers of this publisher to those who are in the room, by their names.
    func announce(_ user: String, room: String) throws(LoadError) -> [String: String]

    /// - Parameter answer: to the server's offer of what `producer` sends.
    func consume(_ user: String, room: String, producer: String, answer: String) throws(LoadError)

    /// Ends all that the user sends and receives.
    func leave(_ user: String, room: String) throws(LoadError)
    /// Ends the room for everybody.
    func deleteRoom(_ room: String) throws(LoadError)

    /// Called at least each second while nothing else is; does what keeps the server from forgetting us.
    func keepAlive() throws(LoadError)
}

/// What a server says to a new publisher.
package struct Produced: Sendable, Equatable {
    package var answer: String
    package var outbound: [String: String]
}
