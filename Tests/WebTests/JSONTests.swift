import Testing
import Web

@Suite struct JSONTests {
    struct Offer: Codable, Equatable {
        var type: String
        var sdp: String
    }
    struct Body: Codable, Equatable {
        var userId: String?
        var count: Int
        var rate: Double?
        var muted: Bool?
        var offer: Offer?
        var list: [Offer]?
        var userInfo: JSONValue?
    }

    private func decode(_ text: String) throws(WebFailure) -> Body {
        try JSONBody.decode(Body.self, from: Request(method: .POST, segments: [], body: Array(text.utf8)))
    }

    @Test(arguments: [
        (#"{"count":"x"}"#, "count: expected a whole number"),
        (#"{"count":1.5}"#, "body: a number is out of range or should be whole"),
        (#"{}"#, "count: is required"),
        (#"{"count":null}"#, "count: expected a whole number, not null"),
        (#"{"count":1,"rate":"x"}"#, "rate: expected a number"),
        (#"{"count":1,"muted":1}"#, "muted: expected true or false"),
        (#"{"count":1,"userId":7}"#, "userId: expected a string"),
        (#"{"count":1,"offer":{"type":"offer"}}"#, "offer.sdp: is required"),
        (#"{"count":1,"offer":[]}"#, "offer: expected an object"),
        (#"{"count":1,"list":{}}"#, "list: expected an array"),
        (#"{"count":1,"list":[{"type":"a","sdp":"b"},{"type":1}]}"#, "list[1].type: expected a string"),
        (#"{"count":1,"userInfo":{"n":1e999}}"#, "userInfo.n: "),
        (#"[]"#, "body: expected an object"),
        (#"{"count":1"#, "body: is not valid JSON"),
        (#"{"count":1} x"#, "body: is not valid JSON"),
        (#""#, "body: is empty, expected JSON"),
    ])
    func namesTheFieldThatIsWrong(text: String, message: String) {
        do {
            _ = try decode(text)
            Issue.record("decoded")
        } catch .badBody(let found) {
            #expect(found.hasPrefix(message), "\(found)")
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func tellsTheTopLevelFieldApartFromTheMessage() {
        let failure = WebFailure.badBody("list[1].type: expected a string")
        #expect(failure.field == "list")
        #expect(failure.message == "expected a string")
        #expect(WebFailure.badBody("offer.sdp: is required").field == "offer")
        #expect(WebFailure.badBody("nonsense").field == "body")
        #expect(WebFailure.notFound.field == nil)
    }

    @Test func refusesBodiesThatAreNotUTF8() {
        for body: [UInt8] in [[0x22, 0xFF, 0x22], Array("{}".utf8).flatMap { [$0, 0] }, [0]] {
            #expect(throws: WebFailure.badBody("body: is not UTF-8")) {
                try JSONBody.decode(JSONValue.self, from: body)
            }
        }
    }

    @Test func anAbsentBodyIsNotAnEmptyObject() throws {
        #expect(try JSONBody.decodeIfPresent(Body.self, from: Request(method: .POST, segments: [])) == nil)
    }

    @Test(arguments: [
        "null", "true", "false", "0", "1", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "18446744073709551615", "0.1", "-2.5e-7", "\"\"", "\"é/\\u0000\\\"\\\\\"", "[]", "{}",
        #"[1,[2,[]],{"a":{"b":[null,false,"1"]}}]"#, #"{"":1,"a.b":2}"#,
    ])
    func keepsAnyValueUnchanged(text: String) throws {
        let value = try JSONBody.decode(JSONValue.self, from: Array(text.utf8))
        let again = try JSONBody.encode(value)
        #expect(try JSONBody.decode(JSONValue.self, from: again) == value)
        if !text.contains("e-7") { #expect(String(decoding: again, as: UTF8.self) == text) }
    }

    @Test func tellsNumbersFromBooleansAndStrings() throws {
        let value = try JSONBody.decode(JSONValue.self, from: Array(#"[1,true,"1",1.5,18446744073709551615]"#.utf8))
        #expect(value == .array([.integer(1), .bool(true), .string("1"), .number(1.5), .unsigned(.max)]))
        #expect(value == [1, true, "1", 1.5, .unsigned(.max)])
    }

    @Test(arguments: [
        (#"{"userInfo":"\ud800"}"#, "userInfo: is not a valid JSON string"),
        (#"{"a":["\udc00x"]}"#, "a[0]: is not a valid JSON string"),
    ])
    func saysWhereHalfASurrogatePairIs(text: String, message: String) {
        #expect(throws: WebFailure.badBody(message)) { try JSONBody.decode(JSONValue.self, from: Array(text.utf8)) }
    }

    @Test func boundsTheDepth() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        _ = try JSONBody.decode(JSONValue.self, from: nested(JSONValue.maximumDepth))
        for depth in [JSONValue.maximumDepth + 2, 600, 100_000] {
            #expect(throws: WebFailure.self) { try JSONBody.decode(JSONValue.self, from: nested(depth)) }
        }
    }

    @Test func boundsTheNumberOfValues() throws {
        func list(_ count: Int) -> [UInt8] {
            Array(("[" + Array(repeating: "0", count: count).joined(separator: ",") + "]").utf8)
        }
        _ = try JSONBody.decode(JSONValue.self, from: list(JSONValue.maximumCount - 1))
        #expect(throws: WebFailure.tooLarge(limit: 2 * JSONValue.maximumCount)) {
            try JSONBody.decode(JSONValue.self, from: list(JSONValue.maximumCount))
        }
    }

    @Test func writesJSONResponses() {
        let response = Response.json(["b": "x/y", "a": "1"], status: 201)
        #expect(response.status == 201)
        #expect(response.headers["content-type"] == "application/json; charset=utf-8")
        #expect(String(decoding: response.body, as: UTF8.self) == #"{"a":"1","b":"x/y"}"#)
    }
}
