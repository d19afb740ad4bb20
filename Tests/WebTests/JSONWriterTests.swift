import Testing
import Web

struct JSONWriterTests {
    private struct Person: JSONWritable {
        var name: String
        var age: Int?
        var friends: [String] = []

        func write(to writer: inout JSONWriter) {
            writer.object {
                $0.field("age", age)
                $0.field("friends", friends)
                $0.field("name", name)
            }
        }
    }

    @Test func writesFieldsInTheirOrderAndLeavesOutWhatIsNil() {
        #expect(
            Person(name: "a", age: 3, friends: ["b", "c"]).jsonText == #"{"age":3,"friends":["b","c"],"name":"a"}"#)
        #expect(Person(name: "").jsonText == #"{"friends":[],"name":""}"#)
        #expect([Person]().jsonText == "[]")
    }

    @Test(arguments: [
        "", "plain", "\"quoted\" \\ /", "line\r\nbreak\ttab", "\u{0}\u{1}\u{1f}\u{7f}", "é 😀 \u{2028}",
        "v=0\r\na=ice-ufrag:ab+/\r\n", String(repeating: "\n", count: 1_000),
    ])
    func aStringIsReadBackAsItWas(text: String) throws {
        #expect(try JSONBody.decode(JSONValue.self, from: text.jsonBytes) == .string(text))
        #expect(!text.jsonBytes.contains { $0 < 0x20 })
    }

    @Test func whatWasEncodedIsPassedOnAsItIs() throws {
        let value: JSONValue = ["x": [1, nil], "a": "\"}"]
        let raw = try RawJSON(encoding: value)
        #expect(raw.text == #"{"a":"\"}","x":[1,null]}"#)
        #expect([RawJSON(restoring: raw.text), .null].jsonText == #"[{"a":"\"}","x":[1,null]},null]"#)
    }

    /// An encoder that gave up half way must not leave a hole in somebody else's object.
    @Test func whatCannotBeEncodedIsRefused() {
        struct Broken: Encodable {
            func encode(to encoder: any Encoder) throws { throw CancellationError() }
        }
        #expect(throws: WebFailure.badBody("body: cannot be written as JSON")) { try RawJSON(encoding: Broken()) }
    }

    @Test func refusalsNameTheField() {
        let response = Response.failure("offer", "is \"empty\"", status: 400)
        #expect(response.status == 400)
        #expect(String(decoding: response.body, as: UTF8.self) == #"{"error":{"offer":"is \"empty\""}}"#)
    }

    @Test func numbersAreThoseOfJSON() throws {
        #expect([UInt64.max, 0].jsonText == "[18446744073709551615,0]")
        #expect([true, false].jsonText == "[true,false]")
        #expect([Double.nan, -.infinity, 0.25].jsonText == "[null,null,0.25]")
        #expect(try JSONBody.decode(JSONValue.self, from: 1e-7.jsonBytes) == .number(1e-7))
    }

    @Test func makesResponses() {
        let response = Response.json(Person(name: "x/y"), status: 201)
        #expect(response.status == 201)
        #expect(response.headers["content-type"] == "application/json; charset=utf-8")
        #expect(String(decoding: response.body, as: UTF8.self) == #"{"friends":[],"name":"x/y"}"#)
    }
}
