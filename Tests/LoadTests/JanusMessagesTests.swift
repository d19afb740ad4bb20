import Foundation
import Testing

@testable import Load

@Suite struct JanusMessagesTests {
    private func object(_ request: JanusRequest) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(request.json()))
        return try #require(value as? [String: Any])
    }

    @Test func aRoomIsMadeWithoutCapAndItsNameIsLeftToTheServer() throws {
        let request = try object(.message("t1", .create(publishers: 7, videoCodec: "vp8")))
        #expect(request["janus"] as? String == "message" && request["transaction"] as? String == "t1")
        let body = try #require(request["body"] as? [String: Any])
        #expect(body["request"] as? String == "create" && body["room"] == nil)
        #expect(body["bitrate"] as? Int == 0 && body["publishers"] as? Int == 7)
        #expect(body["audiolevel_event"] as? Bool == false && body["transport_wide_cc_ext"] as? Bool == true)
        #expect(body["videocodec"] as? String == "vp8" && body["audiocodec"] as? String == "opus")
    }

    @Test func aWatcherJoinsOneFeedAndAnswersBesideStart() throws {
        let join = try object(.message("t2", .joinAsSubscriber(.number(12), feed: .number(9_007_199_254_740_993))))
        let body = try #require(join["body"] as? [String: Any])
        #expect(body["ptype"] as? String == "subscriber" && body["room"] as? Int == 12)
        let streams = try #require(body["streams"] as? [[String: Any]])
        #expect(streams.count == 1 && streams[0]["feed"] as? Int == 9_007_199_254_740_993)
        let start = try object(.message("t3", .start, JanusRequest.Description(type: "answer", sdp: "v=0\r\n")))
        #expect((start["body"] as? [String: Any])?["request"] as? String == "start")
        #expect((start["jsep"] as? [String: Any])?["sdp"] as? String == "v=0\r\n")
    }

    @Test func whatIsNotSaidIsNotSent() throws {
        #expect(Set(try object(.createSession("a")).keys) == ["janus", "transaction"])
        #expect(Set(try object(.attach("a")).keys) == ["janus", "transaction", "plugin"])
        let leave = try object(.message("a", .destroy(.text("lobby"))))
        #expect(Set((leave["body"] as? [String: Any] ?? [:]).keys) == ["request", "room"])
    }

    @Test func anEventBringsTheFeedsNameAndTheDescription() throws {
        let events = try JanusResponse.list(
            Array(
                """
                [{"janus":"webrtcup","session_id":1,"sender":77},
                 {"janus":"event","session_id":1,"transaction":"t9","sender":77,
                  "plugindata":{"plugin":"janus.plugin.videoroom","data":{"videoroom":"joined","room":"lobby","id":5,"publishers":[]}},
                  "jsep":{"type":"offer","sdp":"v=0\\r\\n"}}]
                """.utf8))
        #expect(events.count == 2)
        #expect(events[0].janus == "webrtcup" && events[0].sender == 77 && events[0].refusal == nil)
        #expect(events[1].transaction == "t9" && events[1].plugindata?.data?.id == .number(5))
        #expect(events[1].plugindata?.data?.room == .text("lobby"))
        #expect(events[1].jsep == JanusRequest.Description(type: "offer", sdp: "v=0\r\n"))
    }

    @Test func refusalsOfTheServerAndOfTheRoomAreToldInTheirWords() throws {
        let server = try JanusResponse(
            Array(#"{"janus":"error","transaction":"a","error":{"code":458,"reason":"No such session"}}"#.utf8))
        #expect(server.refusal == "No such session (458)")
        let room = try JanusResponse(
            Array(
                #"{"janus":"event","sender":1,"plugindata":{"data":{"videoroom":"event","error_code":428,"error":"No such feed (3)"}}}"#
                    .utf8))
        #expect(room.refusal == "No such feed (3) (428)")
        let acknowledged = try JanusResponse(Array(#"{"janus":"ack","session_id":1,"transaction":"a"}"#.utf8))
        #expect(acknowledged.isAcknowledgement && acknowledged.refusal == nil)
    }

    @Test(arguments: ["", "[]", "{}", #"{"janus":7}"#, #"{"janus":"success","data":{"id":-1}}"#, "nonsense"])
    func whatIsNotTheApiIsAnErrorOfTheServer(text: String) {
        let error = #expect(throws: LoadError.self) { try JanusResponse(Array(text.utf8)) }
        guard case .server = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
