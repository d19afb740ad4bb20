import CBench
import MediaServer
import RelayControl
import RoomControl
import RoomModel
import Web

/// REST calls between the HTTP parser and the socket: path, route, JSON, rooms, JSON.
@MainActor struct RequestMicro {
    private let face: MediaServerFace
    private let router: Router
    private let rounds = 500
    private let produceBody: [UInt8]

    init(folder: String) throws {
        face = MediaServerFace(
            service: RoomService(relay: SilentRelay(), limits: RoomLimits(), now: { 0 }, wallClock: { 0 }),
            wallClock: { 0 },
            instance: "bench")
        router = Router(faces: [face])
        let offer = try DescriptionMicro.recorded("chromium-156-audio-video.offer.sdp", in: folder)
        produceBody = try JSONBody.encode(["offer": ["type": "offer", "sdp": offer]])
    }

    func run() async throws -> [MicroRow] {
        var rows: [MicroRow] = []
        try await call(.POST, "/rooms/r", Array(#"{"userId":"alice","userInfo":{"contactId":11}}"#.utf8))
        try await call(.POST, "/rooms/r/users/bob", [])
        rows.append(try await measured("GET a room of two users", .GET, "/rooms/r", []))
        rows.append(
            try await measured(
                "POST produce with an offer of \(produceBody.count) bytes", .POST, "/rooms/r/users/alice/produce",
                produceBody))
        return rows
    }

    private func call(_ method: Request.Method, _ path: String, _ body: [UInt8]) async throws {
        let segments = try PercentEncoding.segments(ofPath: Array(path.utf8))
        guard case .route(let route, let parameters, _) = router.match(method, segments) else {
            throw BenchmarkError("\(path) has no route")
        }
        var request = Request(method: method, segments: segments, body: body)
        request.parameters = parameters
        guard case .response(let response) = try await route.handler(request), response.status == 200 else {
            throw BenchmarkError("\(path) was refused")
        }
    }

    private func measured(_ name: String, _ method: Request.Method, _ path: String, _ body: [UInt8]) async throws
        -> MicroRow
    {
        var owns: [Double] = []
        var bounds: [Double] = []
        let bytes = Array(path.utf8) + body
        for _ in 0..<7 {
            let start = cbench_thread_time()
            for _ in 0..<rounds { try await call(method, path, body) }
            owns.append((cbench_thread_time() - start) / Double(rounds))
            bounds.append(cbench_copy_pieces(bytes, bytes.count, UInt8(ascii: "\""), Int32(rounds)))
        }
        let unit = MicroRow.Unit.microseconds
        return MicroRow(
            name: name, value: median(owns) * unit.perNanosecond, bound: median(bounds) * unit.perNanosecond,
            unit: unit)
    }
}

/// A relay that agrees to everything and does nothing.
@MainActor private final class SilentRelay: Relay {
    var onEvent: (RelayEvent) -> Void = { _ in }
    var totals: RelayTotals { RelayTotals() }

    func produce(
        room: RoomID, participant: ParticipantID, offer: String, wanted: TrackSelection?
    ) throws(RelayError) -> Production {
        Production(answer: offer, selection: .all, change: .renegotiated)
    }

    func join(
        room: RoomID, participant: ParticipantID, offer: String, wanted: TrackSelection?
    ) throws(RelayError) -> Production {
        try produce(room: room, participant: participant, offer: offer, wanted: wanted)
    }

    func subscribe(
        room: RoomID, participant: ParticipantID, offer: String, videos: [WantedVideo]
    ) throws(RelayError) -> String { offer }

    func unsubscribe(room: RoomID, participant: ParticipantID) {}

    func select(
        room: RoomID, participant: ParticipantID, wanted: TrackSelection
    ) throws(RelayError) -> TrackSelection { wanted }

    func prefer(
        room: RoomID, subscriber: ParticipantID, producer: ParticipantID, preference: VideoPreference
    ) throws(RelayError) {}

    func preference(
        room: RoomID, subscriber: ParticipantID, producer: ParticipantID, mid: String?
    ) throws(RelayError) -> VideoPreference { VideoPreference(mid: mid) }

    func offer(
        room: RoomID, subscriber: ParticipantID, producer: ParticipantID, restart: Bool
    ) throws(RelayError) -> String { "offer" }

    func consume(
        room: RoomID, subscriber: ParticipantID, answers: [SubscriberAnswer]
    ) throws(SubscriptionFailure) -> [[RefusedTrack]] { answers.map { _ in [] } }

    func stopProducing(room: RoomID, participant: ParticipantID) throws(RelayError) {}
    func remove(participant: ParticipantID, room: RoomID) {}
    func remove(room: RoomID) {}
    func statistics(room: RoomID, participant: ParticipantID) -> ParticipantStatistics { ParticipantStatistics() }
}
