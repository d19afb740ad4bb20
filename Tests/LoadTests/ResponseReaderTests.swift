import Testing

@testable import Load

@Suite struct ResponseReaderTests {
    @Test func chunksAreJoinedHoweverTheBytesArrive() throws {
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
        let reader = ResponseReader()
        var responses: [ResponseReader.Response] = []
        for _ in 0..<2 {
            for byte in text.utf8 { if let response = try reader.take([byte]) { responses.append(response) } }
        }
        let expected = ResponseReader.Response(status: 200, body: Array("abcde".utf8), keepsAlive: true)
        #expect(responses == [expected, expected])
    }

    @Test func theServerSaysWhetherTheConnectionGoesOn() throws {
        let reader = ResponseReader()
        let text = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"
        let response = try reader.take(Array(text.utf8))
        #expect(response == ResponseReader.Response(status: 404, body: Array("no".utf8), keepsAlive: false))
    }

    @Test func interimResponsesAreNotTheAnswer() throws {
        let reader = ResponseReader()
        #expect(try reader.take(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) == nil)
        #expect(try reader.take(Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8))?.status == 200)
    }

    @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"])
    func whatIsNoResponseIsAnError(text: String) {
        let reader = ResponseReader()
        #expect(throws: LoadError.self) { try reader.take(Array(text.utf8)) }
    }
}
