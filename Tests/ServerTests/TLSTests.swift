import COpenSSL
import Glibc
import Server
import Testing
import Web

@MainActor @Suite(.serialized) struct TLSTests {
    /// A self-signed certificate in two files, for as long as it lives.
    final class Certificate {
        let directory: String
        var chain: String { directory + "/chain.pem" }
        var key: String { directory + "/key.pem" }

        init() throws {
            var template = Array("/tmp/switchyard-tls-XXXXXX".utf8CString)
            directory = String(cString: try #require(mkdtemp(&template)))
            var certificate: OpaquePointer?
            var privateKey: OpaquePointer?
            try #require(copenssl_make_certificate("localhost", &certificate, &privateKey) == 0)
            defer {
                X509_free(certificate)
                EVP_PKEY_free(privateKey)
            }
            let chainFile = BIO_new_file(chain, "w"), keyFile = BIO_new_file(key, "w")
            defer {
                BIO_free(chainFile)
                BIO_free(keyFile)
            }
            #expect(PEM_write_bio_X509(chainFile, certificate) == 1)
            #expect(PEM_write_bio_PrivateKey(keyFile, privateKey, nil, nil, 0, nil, nil) == 1)
        }

        deinit {
            unlink(chain)
            unlink(key)
            rmdir(directory)
        }
    }

    /// OpenSSL's client over a plain one.
    final class TLSClient {
        let plain: Client
        private let context = SSL_CTX_new(TLS_client_method())
        private let ssl: OpaquePointer?
        private let input = BIO_new(BIO_s_mem()), output = BIO_new(BIO_s_mem())
        private(set) var received: [UInt8] = []
        private(set) var failed = false

        init(port: UInt16, maximumVersion: Int32 = TLS1_3_VERSION, protocols: [String] = []) throws {
            plain = try Client(port: port)
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(maximumVersion), nil)
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_VERSION), nil)
            SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0")
            ssl = SSL_new(context)
            BIO_ctrl(input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
            SSL_set_bio(ssl, input, output)
            let list = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
            if !list.isEmpty { SSL_set_alpn_protos(ssl, list, UInt32(list.count)) }
            SSL_set_connect_state(ssl)
            step()
        }

        deinit {
            SSL_free(ssl)
            SSL_CTX_free(context)
        }

        var isConnected: Bool { SSL_is_init_finished(ssl) == 1 }
        var version: String { String(cString: SSL_get_version(ssl)) }
        var text: String { String(decoding: received, as: UTF8.self) }
        var chosenProtocol: String {
            var name: UnsafePointer<UInt8>?
            var length: UInt32 = 0
            SSL_get0_alpn_selected(ssl, &name, &length)
            return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
        }
        var gotCloseNotify: Bool { SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0 }

        func send(_ text: String) {
            var text = text
            text.withUTF8 { _ = SSL_write(ssl, $0.baseAddress, Int32($0.count)) }
            flush()
        }

        /// Moves bytes both ways.
        func step() {
            plain.poll()
            if !plain.received.isEmpty { BIO_write(input, plain.received, Int32(plain.received.count)) }
            plain.forget()
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = SSL_read(ssl, &buffer, Int32(buffer.count))
                guard count > 0 else {
                    if ![SSL_ERROR_WANT_READ, SSL_ERROR_ZERO_RETURN].contains(SSL_get_error(ssl, count)) {
                        failed = true
                    }
                    break
                }
                received += buffer.prefix(Int(count))
            }
            ERR_clear_error()
            flush()
        }

        private func flush() {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = BIO_read(output, &buffer, Int32(buffer.count))
            if count > 0 { plain.send(buffer.prefix(Int(count))) }
        }
    }

    private func server(_ certificate: Certificate, _ change: (inout ServerSettings) -> Void = { _ in }) throws
        -> ServerUnderTest
    {
        try ServerUnderTest {
            $0.certificatePath = certificate.chain
            $0.keyPath = certificate.key
            change(&$0)
        }
    }

    @Test(arguments: [(TLS1_3_VERSION, "TLSv1.3"), (TLS1_2_VERSION, "TLSv1.2")])
    func servesOverTLS(maximumVersion: Int32, name: String) async throws {
        let certificate = try Certificate()
        let server = try server(certificate)
        defer { server.close() }
        let client = try TLSClient(port: server.port, maximumVersion: maximumVersion, protocols: ["h2", "http/1.1"])
        try await server.turn(
            "the handshake",
            until: {
                client.step()
                return client.isConnected
            })
        #expect(client.version == name)
        #expect(client.chosenProtocol == "http/1.1")
        client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try await server.turn(
            "the answer",
            until: {
                client.step()
                return client.text.hasSuffix("hello")
            })
        client.send("GET /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        try await server.turn(
            "the end",
            until: {
                client.step()
                return client.plain.hasEnded
            })
        #expect(client.gotCloseNotify)
        #expect(client.received.count > 4 << 20)
        #expect(!client.failed)
    }

    @Test func refusesOldVersionsAndForeignProtocols() async throws {
        let certificate = try Certificate()
        let server = try server(certificate)
        defer { server.close() }
        for client in [
            try TLSClient(port: server.port, maximumVersion: TLS1_1_VERSION),
            try TLSClient(port: server.port, protocols: ["h2"]),
        ] {
            try await server.turn(
                "the refusal",
                until: {
                    client.step()
                    return client.failed && client.plain.hasEnded
                })
            #expect(!client.isConnected)
        }
        #expect(server.server.counters.openConnections == 0)
    }

    @Test func closesAPlainConnectionAndASilentOne() async throws {
        let certificate = try Certificate()
        let server = try server(certificate) { $0.headerTimeoutMilliseconds = 30 }
        defer { server.close() }
        #expect(try await server.exchange("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n").statuses == [])
        #expect(try await server.exchange("") == "")
    }

    @Test func namesTheFileThatCannotBeUsed() throws {
        let certificate = try Certificate()
        for (setting, chain, key) in [
            ("http.tls-cert", certificate.directory + "/none", certificate.key),
            ("http.tls-cert", certificate.key, certificate.key),
            ("http.tls-key", certificate.chain, certificate.chain),
            ("http.tls-key", certificate.chain, try Certificate().key),
        ] {
            #expect {
                try ServerUnderTest {
                    $0.certificatePath = chain
                    $0.keyPath = key
                }.close()
            } throws: { error in
                "\(error)".hasPrefix(setting + ": /tmp/")
            }
        }
    }
}
