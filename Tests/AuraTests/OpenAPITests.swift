import Aura
import Foundation
import Testing
import Web

/// The description for tools and the routes must not drift apart.
@MainActor @Suite struct OpenAPITests {
    @Test func describesEveryRouteAndNoOther() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: root.appending(path: "docs/openapi.json"))
        let document = try JSONBody.decode(JSONValue.self, from: Array(data))
        guard case .object(let paths) = document["paths"] else { throw Stage.Unexpected() }
        var described: Set<String> = []
        for (path, item) in paths where path.hasPrefix("/v1/") {
            for method in Request.Method.allCases where item[method.rawValue.lowercased()] != nil {
                described.insert("\(method) \(path)")
            }
        }
        let routes = Set(
            Stage().face.routes.map { route in
                let path = route.pattern.split(separator: "/").map {
                    $0.hasPrefix(":") ? "{\($0.dropFirst())}" : "\($0)"
                }
                return "\(route.method) /\(path.joined(separator: "/"))"
            })
        #expect(described == routes)
        #expect(routes.count == 12)
    }
}
