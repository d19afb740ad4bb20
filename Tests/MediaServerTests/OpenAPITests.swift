import Foundation
import MediaServer
import Testing
import Web

/// The description for tools and the routes must not drift apart.
@MainActor @Suite struct OpenAPITests {
    private func document() throws -> JSONValue {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: root.appending(path: "docs/openapi.json"))
        return try JSONBody.decode(JSONValue.self, from: Array(data))
    }

    @Test func describesEveryRouteAndNoOther() throws {
        let routes = Set(
            Backend().face.routes.map { route in
                let path = route.pattern.split(separator: "/").map {
                    $0.hasPrefix(":") ? "{\($0.dropFirst())}" : "\($0)"
                }
                return "\(route.method) /\(path.joined(separator: "/"))"
            })
        var described: Set<String> = []
        for (path, item) in try #require(document()["paths"]).members
        where path.hasPrefix("/rooms") || path.hasPrefix("/events") {
            for method in Request.Method.allCases where item[method.rawValue.lowercased()] != nil {
                described.insert("\(method) \(path)")
            }
        }
        #expect(described == routes)
    }

    @Test func errorExamplesHaveOneKnownField() throws {
        let components = try #require(document()["components"])
        let names = try #require(components["schemas"]?["Error"]?["properties"]?["error"]?["propertyNames"]?["enum"])
        #expect(names.elements.count == 14)
        var examples: [JSONValue] = []
        collectExamples(try document(), into: &examples)
        #expect(examples.count > 20)
        for example in examples {
            let fields = example.members
            #expect(fields.count == 1)
            for field in fields.keys { #expect(names.elements.contains(.string(field)), "\(field)") }
        }
    }

    private func collectExamples(_ value: JSONValue, into examples: inout [JSONValue]) {
        if let error = value["example"]?["error"] { examples.append(error) }
        for member in value.members.values { collectExamples(member, into: &examples) }
        for element in value.elements { collectExamples(element, into: &examples) }
    }
}

extension JSONValue {
    var members: [String: JSONValue] { if case .object(let members) = self { members } else { [:] } }
}
