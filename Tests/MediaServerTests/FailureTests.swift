import MediaServer
import Testing
import Web

@MainActor @Suite struct FailureTests {
    @Test func whatTheServerRefusesHasTheFacesShape() throws {
        let face = Backend().face
        for (failure, status) in [
            (WebFailure.badBody("body: is not UTF-8"), 400), (.badRequest("bad path"), 400), (.unauthorized, 401),
            (.forbidden("foreign origin"), 403), (.notFound, 404), (.methodNotAllowed([.GET]), 405), (.timeout, 408),
            (.tooLarge(limit: 1_048_576), 413), (.unexpected, 500), (.unavailable("draining"), 503),
        ] {
            let response = face.failure(failure)
            #expect(response.status == status)
            let body = try JSONBody.decode(JSONValue.self, from: response.body)
            guard case .string(let message) = body["error"]?["body"] else {
                Issue.record("\(body)")
                continue
            }
            #expect(!message.isEmpty)
        }
    }

    @Test func fieldsOfTheBodyKeepTheirNames() throws {
        let face = Backend().face
        let response = face.failure(.badBody("offer.sdp: is required"))
        #expect(
            try JSONBody.decode(JSONValue.self, from: response.body) == ["error": ["offer": "offer.sdp: is required"]])
    }

    @Test func everyRouteWantsAKeyButTheDemosSocket() {
        let face = Backend().face
        #expect(face.routes.allSatisfy { $0.access == .key })
        #expect(Demo(face: face).routes.allSatisfy { $0.access == .open })
    }
}
