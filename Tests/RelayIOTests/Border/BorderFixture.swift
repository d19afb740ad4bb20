import Glibc
import Loop
import RelayControl
import RelayProtocol

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
        _ = wait([publisher, subscriber], seconds: 0.05) { !there.followed.isEmpty }
    }

    /// Tells the second worker what the first has.
    func mirror(_ tracks: [IncomingTrack] = [WorkerFixture.videoTrack()]) {
        far.worker.apply([.mirror(publication, on: 0, RoomID("r"), ParticipantID("p"), tracks)])
    }

    /// - Parameter onlyOrigin: the second worker stands still.
    func wait(_ peers: [TestPeer], seconds: Double = 5, onlyOrigin: Bool = false, until condition: () -> Bool) -> Bool {
        let deadline = origin.loop.now + Int64(seconds * 1_000_000)
        while origin.loop.now < deadline {
            for peer in peers { peer.pump() }
            origin.loop.runOnce(waiting: false)
            if !onlyOrigin { far.loop.runOnce(waiting: false) }
            if condition() { return true }
            usleep(200)
        }
        return condition()
    }
}
