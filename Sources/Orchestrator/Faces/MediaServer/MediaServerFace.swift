internal import Foundation
import RelayControl
public import RoomControl
import RoomModel
public import Web

/// The mediaserver API: REST calls by which a backend runs rooms, and server-sent events by which it hears of them.
public final class MediaServerFace: Face {
    let service: RoomService
    let events: EventHub

    /// - Parameters:
    ///   - wallClock: seconds since 1970, for the events' `time`.
    ///   - instance: marks this process in the events' ids, so that ids of an earlier one are recognised as such.
    public init(service: RoomService, wallClock: @escaping () -> Double, instance: String) {
        self.service = service
        events = EventHub(instance: instance, wallClock: wallClock)
        service.observe { [events] notice in events.record(notice) }
    }

    /// Clients that listen to events at present, for metrics.
    public var eventListeners: Int { events.listeners }

    public var routes: [Route] { roomRoutes + userRoutes + mediaRoutes + eventRoutes }

    public func failure(_ failure: WebFailure) -> Response {
        CallFailure(failure).response
    }
}

extension MediaServerFace {
    /// A route whose refusals become the API's error bodies.
    func route(
        _ method: Request.Method, _ pattern: String, _ handle: @escaping @MainActor (Request) async throws -> Reply
    ) -> Route {
        Route(method, pattern) { request in
            do {
                return try await handle(request)
            } catch let refusal as CallFailure {
                return .response(refusal.response)
            } catch let refusal as RoomCallError {
                return .response(CallFailure(refusal).response)
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
