internal import Foundation
public import RelayControl
import RoomModel
public import Web

/// The mediaserver API: REST calls by which a backend runs rooms, and server-sent events by which it hears of them.
///
/// It reads no clock and runs no timer: whoever makes it calls `tick()` about once a second and passes every event of the
/// relay to `handle(_:)`.
public final class MediaServerFace: Face {
    let service: RoomService
    let events: EventHub

    /// - Parameters:
    ///   - now: seconds on a clock that never goes backwards.
    ///   - wallClock: seconds since 1970, for the events' `time`.
    ///   - instance: marks this process in the events' ids, so that ids of an earlier one are recognised as such.
    public init(
        relay: any Relay, settings: MediaServerSettings = MediaServerSettings(), now: @escaping () -> Double,
        wallClock: @escaping () -> Double, instance: String
    ) {
        service = RoomService(relay: relay, limits: settings.limits, now: now)
        events = EventHub(instance: instance, wallClock: wallClock)
        service.observe { [events] notice in events.record(notice) }
    }

    /// Takes what the relay reports without a call.
    public func handle(_ event: RelayEvent) { service.handle(event) }

    /// Ends rooms and users whose time is over.
    public func tick() { service.tick() }

    /// Rooms and users at present, for metrics.
    public var counts: (rooms: Int, users: Int, eventListeners: Int) {
        let rooms = service.rooms
        return (rooms.count, rooms.participantCount, events.listeners)
    }

    public var routes: [Route] { roomRoutes + userRoutes + mediaRoutes + eventRoutes }

    public func failure(_ failure: WebFailure) -> Response {
        CallFailure(failure).response
    }
}

extension MediaServerFace {
    /// A route whose refusals become the API's error bodies.
    func route(
        _ method: Request.Method, _ pattern: String, _ handle: @escaping (Request) throws -> Reply
    ) -> Route {
        Route(method, pattern) { request in
            do {
                return try handle(request)
            } catch let refusal as CallFailure {
                return .response(refusal.response)
            } catch let failure as WebFailure {
                return .response(CallFailure(failure).response)
            }
        }
    }

    func newRoomID() -> RoomID { RoomID(UUID().uuidString.lowercased()) }
}

extension CallFailure {
    /// What the web layer refuses, in this face's words.
    init(_ failure: WebFailure) {
        let field: Field =
            switch failure.field {
            case "room": .room
            case "userId": .user
            case "userInfo", "name": .userInfo
            case "offer": .offer
            case "answer", "answers": .answer
            case "constraints": .constraints
            case "id": .id
            default: .body
            }
        var message = failure.message
        // The path says more than the field where it goes deeper.
        if case .badBody(let text) = failure, !text.hasPrefix("body: ") { message = text }
        self.init(status: failure.status, field: field, message: message)
    }

    var response: Response {
        .failure(field.rawValue, message, status: status)
    }
}
