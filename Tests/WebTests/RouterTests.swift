import Testing
import Web

@MainActor @Suite struct RouterTests {
    private struct NamedFace: Face {
        var name: String
        var routes: [Route]
        func failure(_ failure: WebFailure) -> Response { Response(status: failure.status, body: Array(name.utf8)) }
    }

    private func route(_ method: Request.Method, _ pattern: String) -> Route {
        Route(method, pattern) { _ in .response(Response()) }
    }

    private func router(_ patterns: String...) -> Router { Router(routes: patterns.map { route(.GET, $0) }) }

    private func found(_ router: Router, _ method: Request.Method?, _ path: String) throws -> String {
        switch router.match(method, try PercentEncoding.segments(ofPath: Array(path.utf8))) {
        case .route(let route, let parameters, _):
            "\(route.method) \(route.pattern) \(parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })"
        case .methodNotAllowed(let allowed, _):
            "allowed " + allowed.map(\.rawValue).joined(separator: " ")
        case .notFound: "not found"
        }
    }

    @Test func fillsInTheNamedSegments() throws {
        let router = router("/rooms/:room_id/users/:user_id")
        #expect(
            try found(router, .GET, "/rooms/a%2Fb/users/%D0%AF")
                == #"GET /rooms/:room_id/users/:user_id ["room_id=a/b", "user_id=Я"]"#)
    }

    @Test func prefersLiteralSegmentsWhateverTheOrderOfTheRoutes() throws {
        for router in [router("/rooms/:id", "/rooms/count"), router("/rooms/count", "/rooms/:id")] {
            #expect(try found(router, .GET, "/rooms/count") == "GET /rooms/count []")
            #expect(try found(router, .GET, "/rooms/counts") == #"GET /rooms/:id ["id=counts"]"#)
        }
    }

    @Test func goesBackToTheNamedSegmentWhenTheLiteralOneLeadsNowhere() throws {
        let router = router("/rooms/events", "/rooms/:id/users")
        #expect(try found(router, .GET, "/rooms/events/users") == #"GET /rooms/:id/users ["id=events"]"#)
    }

    @Test func aLiteralSegmentWithoutTheMethodDoesNotHideANamedOneThatHasIt() throws {
        let router = Router(routes: [route(.GET, "/rooms/events"), route(.POST, "/rooms/:id")])
        #expect(try found(router, .POST, "/rooms/events") == #"POST /rooms/:id ["id=events"]"#)
        #expect(try found(router, .DELETE, "/rooms/events") == "allowed GET HEAD POST OPTIONS")
    }

    @Test func ignoresOneSlashAtTheEndOnly() throws {
        let router = router("/rooms", "/rooms/:id")
        #expect(try found(router, .GET, "/rooms/") == "GET /rooms []")
        #expect(try found(router, .GET, "/rooms//") == "not found")
        #expect(try found(router, .GET, "//rooms") == "not found")
    }

    @Test func servesTheRootAndHEAD() throws {
        let router = router("/")
        #expect(try found(router, .HEAD, "/") == "GET / []")
        #expect(try found(router, nil, "/") == "allowed GET HEAD OPTIONS")
        #expect(try found(router, .GET, "/x") == "not found")
    }

    @Test func tellsWhoseRouteItIsAndTheFirstOfTwoEqualOnesWins() throws {
        let faces = ["a", "b"].map { NamedFace(name: $0, routes: [route(.GET, "/\($0)"), route(.GET, "/both")]) }
        let router = Router(faces: faces, routes: [route(.GET, "/own")])
        func owner(_ path: String) -> String? {
            switch router.match(.GET, [path]) {
            case .route(_, _, let face), .methodNotAllowed(_, let face):
                (face as? NamedFace)?.name
            case .notFound: "nobody"
            }
        }
        #expect(owner("b") == "b")
        #expect(owner("both") == "a")
        #expect(owner("own") == nil)
        #expect(owner("c") == "nobody")
    }

    @Test(arguments: ["/%", "/%4", "/%zz", "/a%2", "/%ff", "/%C0%80", "/a/%ED%A0%80"])
    func refusesBadEscapesInPaths(path: String) {
        #expect(throws: WebFailure.self) { try PercentEncoding.segments(ofPath: Array(path.utf8)) }
        #expect(throws: WebFailure.self) { try PercentEncoding.items(ofQuery: Array(("a=" + path).utf8)) }
    }

    @Test func decodesQueries() throws {
        let items = try PercentEncoding.items(ofQuery: Array("a=1&b=x+y%2B&&c&=z&a=2=3".utf8))
        #expect(items.map { "\($0.name)|\($0.value)" } == ["a|1", "b|x y+", "c|", "|z", "a|2=3"])
    }
}
