import Loop
import RelayControl
import RelayProtocol
import Testing

@testable import RelayIO

/// Two workers on the test's own thread: the publisher is on the first, subscribers on either.
final class BorderFixture {
    let origin: WorkerFixture
    let far: WorkerFixture
    var publication: PublicationID { origin.publication }
    /// Each worker as the other sees it.
    var there: Neighbour { origin.worker.border.neighbours[1]! }
    var back: Neighbour { far.worker.border.neighbours[0]! }

    init() throws {
        let inlets = try Inlet.all(workers: 2)
        origin = try WorkerFixture(number: 0, inlets: inlets)
        far = try WorkerFixture(number: 1, inlets: inlets)
    }

    /// A publisher on the first worker, and a subscriber on the second.
    func connect(
        _ publisher: TestPeer, _ subscriber: TestPeer, _ tracks: [IncomingTrack] = [WorkerFixture.videoTrack()],
        to outgoing: [OutgoingTrack] = [WorkerFixture.videoOut()]
    ) throws {
        try origin.openPublisher(publisher, tracks)
        mirror(tracks)
        try far.openSubscriber(subscriber, outgoing)
        try #require(wait([publisher, subscriber]) { !there.followed.isEmpty })
    }

    /// Tells the second worker what the first has.
    func mirror(_ tracks: [IncomingTrack] = [WorkerFixture.videoTrack()]) {
        far.worker.apply([.mirror(publication, on: 0, RoomID("r"), ParticipantID("p"), tracks)])
    }

    /// Neither has anything left to take of what the other has shown.
    var isQuiet: Bool { there.incoming.isEmpty && back.incoming.isEmpty }

    /// Sends, and waits until the first worker has got so many packets and the second has taken what that brought.
    func deliver(_ packets: Int, _ peers: [TestPeer], _ send: () -> Void) -> Bool {
        let expected = origin.worker.totals.packetsReceived + UInt64(packets)
        send()
        let isDelivered = wait(peers) { origin.worker.totals.packetsReceived == expected && isQuiet }
        for peer in peers { peer.pump() }
        return isDelivered
    }

    /// Waits until a report of a subscriber has arrived, and so everything that it sent before, and until that is answered.
    /// - Parameter lost: a number other than before.
    func report(_ subscriber: TestPeer, lost: Int32, _ peers: [TestPeer]) -> Bool {
        subscriber.sendReport(lost: lost)
        return wait(peers) { hasReport(lost: lost) && isQuiet }
    }

    /// The same while the first worker stands still.
    func reportToFar(_ subscriber: TestPeer, lost: Int32) -> Bool {
        subscriber.sendReport(lost: lost)
        return far.wait([subscriber]) { hasReport(lost: lost) }
    }

    private func hasReport(lost: Int32) -> Bool {
        far.worker.transports[far.subscriber]?.consumers.first?.cumulativeLost == lost
    }

    /// - Parameter onlyOrigin: the second worker stands still.
    func wait(_ peers: [TestPeer], seconds: Double = 5, onlyOrigin: Bool = false, until condition: () -> Bool) -> Bool {
        let deadline = origin.loop.now + Int64(seconds * 1_000_000)
        while origin.loop.now < deadline {
            for peer in peers { peer.pump() }
            origin.loop.runOnce(waiting: false)
            if !onlyOrigin { far.loop.runOnce(waiting: false) }
            if condition() { return true }
            waitForNews(peers, onlyOrigin ? [origin.loop] : [origin.loop, far.loop])
        }
        return condition()
    }
}
