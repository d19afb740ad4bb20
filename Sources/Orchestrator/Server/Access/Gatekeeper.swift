internal import Web

/// Decides about a request as soon as its header is there: who answers it, or why nobody does.
struct Gatekeeper {
    var router: Router
    var origins: OriginPolicy
    var keys: KeyRing
    var maximumBodyBytes: Int

    /// What is to be done with a request once its body is there too.
    enum Verdict {
        case handle(Route, Request)
        case refuse(Response)
    }

    struct Decision {
        var verdict: Verdict
        /// Whose shape failures have that come up later.
        var face: (any Face)?
        /// For `Access-Control-Allow-Origin`.
        var corsOrigin: String?
    }

    func decide(_ head: RequestHead, remoteAddress: String) -> Decision {
        var decision = Decision(verdict: .refuse(Response(status: 500)), corsOrigin: origins.corsOrigin(head.headers))
        do throws(WebFailure) {
            decision.verdict = try verdict(head, remoteAddress: remoteAddress, face: &decision.face)
        } catch {
            decision.verdict = .refuse(Self.failure(error, of: decision.face))
        }
        return decision
    }

    private func verdict(
        _ head: RequestHead, remoteAddress: String, face: inout (any Face)?
    ) throws(WebFailure) -> Verdict {
        if head.path == [UInt8(ascii: "*")] {
            try origins.check(head.headers)
            return .refuse(Response(status: 204, headers: Headers([("Allow", methods(Request.Method.allCases))])))
        }
        let segments = try PercentEncoding.segments(ofPath: head.path)
        let match = router.match(head.method, segments)
        switch match {
        case .route(_, _, let owner), .methodNotAllowed(_, let owner): face = owner
        case .notFound: break
        }
        try origins.check(head.headers)
        switch match {
        case .notFound:
            throw .notFound
        case .methodNotAllowed(let allowed, _):
            if head.method == .OPTIONS { return .refuse(options(head, allowed: allowed)) }
            throw .methodNotAllowed(allowed)
        case .route(let route, let parameters, _):
            if route.access == .key, !keys.isEmpty, !keys.admits(authorization: head.headers["Authorization"]) {
                throw .unauthorized
            }
            if let length = head.contentLength, length > UInt64(maximumBodyBytes) {
                throw .tooLarge(limit: maximumBodyBytes)
            }
            var request = Request(
                method: head.method ?? .GET, segments: segments, query: try PercentEncoding.items(ofQuery: head.query),
                headers: head.headers, remoteAddress: remoteAddress)
            request.parameters = parameters
            return .handle(route, request)
        }
    }

    /// The answer to OPTIONS, which is a preflight when it asks for a method.
    private func options(_ head: RequestHead, allowed: [Request.Method]) -> Response {
        var headers = Headers([("Allow", methods(allowed))])
        if origins.corsOrigin(head.headers) != nil, head.headers["Access-Control-Request-Method"] != nil {
            headers.add("Access-Control-Allow-Methods", methods(allowed))
            headers.add(
                "Access-Control-Allow-Headers",
                head.headers["Access-Control-Request-Headers"] ?? "Authorization, Content-Type, Last-Event-ID")
            headers.add("Access-Control-Max-Age", "600")
        }
        return Response(status: 204, headers: headers)
    }

    private func methods(_ methods: [Request.Method]) -> String { methods.map(\.rawValue).joined(separator: ", ") }

    /// A failure in its face's shape, with the fields that HTTP wants.
    static func failure(_ failure: WebFailure, of face: (any Face)?) -> Response {
        var response = face?.failure(failure) ?? commonFailure(failure)
        switch failure {
        case .methodNotAllowed(let allowed) where response.headers["Allow"] == nil:
            response.headers.add("Allow", allowed.map(\.rawValue).joined(separator: ", "))
        case .unauthorized where response.headers["WWW-Authenticate"] == nil:
            response.headers.add("WWW-Authenticate", "Bearer")
        default: break
        }
        return response
    }

    /// The shape of failures on paths that belong to no face.
    private static func commonFailure(_ failure: WebFailure) -> Response {
        let field =
            switch failure {
            case .notFound, .methodNotAllowed: "path"
            case .badBody, .tooLarge: failure.field ?? "body"
            case .unauthorized: "authorization"
            default: "request"
            }
        return .failure(field, failure.message, status: failure.status)
    }

    /// A connection's last answer, to bytes that are no request.
    static func problem(_ problem: RequestProblem, of face: (any Face)?) -> Response {
        switch problem {
        case .malformed(let message): failure(.badRequest(message), of: face)
        case .bodyTooLarge(let limit): failure(.tooLarge(limit: limit), of: face)
        case .headerTimeout: failure(.timeout, of: face)
        default: .failure("request", problem.message, status: problem.status)
        }
    }
}
