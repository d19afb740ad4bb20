import CNet
import Foundation
import Testing

@testable import Load

/// An HTTP server on loopback that gives one answer after the other, and none where there is no more.
private final class ScriptedServer: @unchecked Sendable {
    let port: UInt16
    private let listener: Int32
    private let answers: [String]

    init(_ answers: String...) throws {
        self.answers = answers
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isBound)
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { self.serve() }
    }

    deinit { close(listener) }

    /// One connection, to its end; each request comes in one piece, head and body.
    private func serve() {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        defer { close(connection) }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        var left = answers[...]
        while recv(connection, &chunk, chunk.count, 0) > 0 {
            guard let body = left.popFirst() else { continue }
            let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
            _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
        }
    }
}

@Suite struct JanusSessionTests {
    private static let created = #"{"janus":"success","transaction":"load-1","data":{"id":7}}"#

    private func session(with server: ScriptedServer) throws -> JanusSession {
        let target = try LoadTarget("http://127.0.0.1:\(server.port)/janus", allowed: [], takesPath: true)
        return try JanusSession(to: target, key: nil, patience: 200_000)
    }

    @Test func aPollThatBringsNothingEndsWithTheLimitAndIsToldAsSuch() throws {
        let server = try ScriptedServer(Self.created, #"{"janus":"ack","transaction":"load-2"}"#)
        let session = try session(with: server)
        let error = #expect(throws: LoadError.self) { try session.say(.publish, to: 9) }
        #expect(error == .server("Janus has not answered publish in 0.2 s"))
    }

    @Test func aConnectionThatJanusNeverSeesEndsWithTheLimit() throws {
        let server = try ScriptedServer(Self.created)
        let session = try session(with: server)
        let error = #expect(throws: LoadError.self) { try session.waitForConnection(9) }
        #expect(error == .server("Janus has not seen the connection being made in 0.2 s"))
    }

    @Test func anEventAnswersWhatWasAcknowledged() throws {
        let server = try ScriptedServer(
            Self.created, #"{"janus":"ack","transaction":"load-2"}"#, #"[{"janus":"keepalive"}]"#,
            #"[{"janus":"webrtcup","sender":9},{"janus":"event","sender":9,"transaction":"load-2","plugindata":{"data":{"id":5}}}]"#
        )
        let session = try session(with: server)
        #expect(try session.say(.publish, to: 9).plugindata?.data?.id == .number(5))
        // It came with the answer.
        try session.waitForConnection(9)
    }
}
