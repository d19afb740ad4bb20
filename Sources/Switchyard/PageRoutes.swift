import CPage
import Web

/// The pages: their files are in the binary (CShims/CPage), each at its own path; the demo page also at `/`, that of rooms at `/aura`.
enum PageRoutes {
    static var all: [Route] {
        (0..<cpage_count()).compactMap { cpage_at($0)?.pointee }.flatMap { file in
            let asset = PageAsset(file)
            return paths(of: asset.name).map { path in
                Route(.GET, path, access: .open) { .response(asset.response(to: $0)) }
            }
        }
    }

    private static func paths(of name: String) -> [String] {
        switch name {
        case "index.html": ["/", "/index.html"]
        // Without a slash at the end, so that the files that both pages share are beside it.
        case "aura/index.html": ["/aura"]
        default: ["/" + name]
        }
    }
}

/// One file of a page, ready to be sent.
struct PageAsset {
    let name: String
    private let bytes: [UInt8]
    private let tag: String

    init(_ file: cpage_file) {
        name = String(cString: file.name)
        bytes = Array(UnsafeBufferPointer(start: file.bytes, count: file.count))
        // FNV-1a: the tag has to change with the file, it protects nothing.
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        tag = "\"\(String(hash, radix: 16))\""
    }

    /// The file, or 304 where the browser has it.
    func response(to request: Request) -> Response {
        var headers = Headers()
        headers.add("ETag", tag)
        headers.add("Cache-Control", "no-cache")
        if let known = request.headers["If-None-Match"], Self.names(tag, in: known) {
            return Response(status: 304, headers: headers)
        }
        headers.add("Content-Type", contentType)
        headers.add("Content-Security-Policy", Self.policy)
        headers.add("Referrer-Policy", "no-referrer")
        headers.add("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), autoplay=(self)")
        return Response(headers: headers, body: bytes)
    }

    /// Only what comes from this server; nobody else's page around it.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        + "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

    private static func names(_ tag: String, in field: String) -> Bool {
        field.split(separator: ",").contains { entry in
            let entry = entry.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            return String(entry) == tag || String(entry) == "W/" + tag || String(entry) == "*"
        }
    }

    private var contentType: String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "webmanifest": "application/manifest+json"
        default: "application/octet-stream"
        }
    }
}
