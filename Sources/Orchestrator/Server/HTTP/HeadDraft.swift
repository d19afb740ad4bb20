internal import CHTTPParser
internal import Web

/// A request's head while it arrives, and the checks that http-parser leaves to us.
///
/// Most of them close the ways in which a proxy in front could see other borders between requests than we do
/// (RFC 9112, sections 6 and 11.2).
nonisolated struct HeadDraft {
    var target: [UInt8] = []
    var bodyBytes = 0
    /// The header has ended, and the caller has not been told.
    var isUnread = false
    private var fields: [(name: [UInt8], value: [UInt8])] = []
    private var isNameOpen = false

    /// No header field has begun.
    var isWithinTarget: Bool { fields.isEmpty }

    mutating func append(name bytes: UnsafeRawBufferPointer) {
        if !isNameOpen { fields.append(([], [])) }
        isNameOpen = true
        if let last = fields.indices.last { fields[last].name.append(contentsOf: bytes) }
    }

    mutating func append(value bytes: UnsafeRawBufferPointer) {
        isNameOpen = false
        if let last = fields.indices.last { fields[last].value.append(contentsOf: bytes) }
    }

    func head(from parser: http_parser) throws(RequestProblem) -> RequestHead {
        guard parser.http_major == 1, parser.http_minor <= 1 else { throw .version }
        let headers = try headers()
        let isChunked = try checkTransferEncoding(headers, isHTTP10: parser.http_minor == 0)
        let contentLength = try checkContentLength(headers, parsed: parser.content_length, isChunked: isChunked)
        let host = try checkHost(headers, isHTTP10: parser.http_minor == 0)
        let name = String(cString: http_method_str(http_method(UInt32(parser.method))))
        if name == "CONNECT" { throw .notImplemented("CONNECT is not served here") }
        let (path, query) = try splitTarget(host: host)
        if path == [UInt8(ascii: "*")], name != "OPTIONS" { throw .malformed("only OPTIONS may ask for *") }
        var copy = parser
        return RequestHead(
            method: Request.Method(rawValue: name), path: path, query: query, headers: headers,
            isHTTP10: parser.http_minor == 0, keepsAlive: http_should_keep_alive(&copy) != 0,
            contentLength: contentLength, isChunked: isChunked)
    }

    private func headers() throws(RequestProblem) -> Headers {
        var headers = Headers()
        for (name, value) in fields {
            // http-parser, as Debian builds it, lets spaces through.
            guard !name.isEmpty, !name.contains(UInt8(ascii: " ")) else {
                throw .malformed("a header field's name has a space")
            }
            var value = value[...]
            while value.last == UInt8(ascii: " ") || value.last == UInt8(ascii: "\t") { value.removeLast() }
            headers.add(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
        }
        return headers
    }

    private func checkTransferEncoding(_ headers: Headers, isHTTP10: Bool) throws(RequestProblem) -> Bool {
        let codings = headers.all("Transfer-Encoding")
        guard let coding = codings.first else { return false }
        if isHTTP10 { throw .malformed("Transfer-Encoding in HTTP/1.0") }
        guard codings.count == 1, coding.lowercased() == "chunked" else {
            throw .malformed("the only Transfer-Encoding served here is chunked")
        }
        return true
    }

    private func checkContentLength(
        _ headers: Headers, parsed: UInt64, isChunked: Bool
    ) throws(RequestProblem) -> UInt64? {
        let lengths = headers.all("Content-Length")
        guard let length = lengths.first else { return nil }
        if isChunked { throw .malformed("both Content-Length and Transfer-Encoding") }
        // Compared with what http-parser goes by: a folded line or a sign would make the two differ.
        guard lengths.count == 1, length.utf8.allSatisfy({ (48...57).contains($0) }), UInt64(length) == parsed else {
            throw .malformed("bad Content-Length")
        }
        return parsed
    }

    private func checkHost(_ headers: Headers, isHTTP10: Bool) throws(RequestProblem) -> String? {
        let hosts = headers.all("Host")
        guard hosts.count == 1 || (isHTTP10 && hosts.isEmpty) else {
            throw .malformed(hosts.isEmpty ? "no Host" : "more than one Host")
        }
        guard let host = hosts.first else { return nil }
        let allowed = host.utf8.allSatisfy { byte in
            // Unreserved, sub-delimiters, and what ports and IPv6 literals need.
            byte > 0x20 && byte < 0x7F && !"/?#@\\\"<>^`{|}".utf8.contains(byte)
        }
        guard allowed else { throw .malformed("bad Host") }
        return host
    }

    /// Path and query of the target in origin-form, absolute-form or asterisk-form.
    private func splitTarget(host: String?) throws(RequestProblem) -> (path: [UInt8], query: [UInt8]) {
        var url = http_parser_url()
        http_parser_url_init(&url)
        let code = target.withUnsafeBytes {
            http_parser_parse_url($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, 0, &url)
        }
        guard code == 0 else { throw .malformed("bad request target") }
        let isAbsolute = piece(url, UF_SCHEMA) != nil
        if isAbsolute {
            // The target's authority counts, and Host has to be the same (RFC 9112, section 3.2.2).
            var authority = String(decoding: piece(url, UF_HOST) ?? [], as: UTF8.self)
            if authority.contains(":") { authority = "[\(authority)]" }
            if let port = piece(url, UF_PORT) { authority += ":" + String(decoding: port, as: UTF8.self) }
            guard piece(url, UF_USERINFO) == nil, host.map({ $0.lowercased() == authority.lowercased() }) ?? true else {
                throw .malformed("Host differs from the request target")
            }
        }
        let path = piece(url, UF_PATH) ?? (isAbsolute ? [UInt8(ascii: "/")] : [])
        guard path.first == UInt8(ascii: "/") || path == [UInt8(ascii: "*")] else {
            throw .malformed("bad request target")
        }
        return (path, piece(url, UF_QUERY) ?? [])
    }

    private func piece(_ url: http_parser_url, _ field: http_parser_url_fields) -> [UInt8]? {
        guard url.field_set & (1 << UInt16(field.rawValue)) != 0 else { return nil }
        var url = url
        let part = Int32(field.rawValue)
        let offset = Int(chttp_part_offset(&url, part))
        let length = Int(chttp_part_length(&url, part))
        guard offset + length <= target.count else { return nil }
        return Array(target[offset..<offset + length])
    }
}
