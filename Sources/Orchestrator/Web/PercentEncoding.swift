/// Reads the path and the query of a request's target (RFC 3986, section 2.1).
nonisolated public enum PercentEncoding {
    /// The decoded segments of an absolute path. One slash at the end does not count: `/rooms/` is `["rooms"]`.
    ///
    /// Throws `badRequest` for a bad escape, or when the result is not UTF-8.
    public static func segments(ofPath path: some Collection<UInt8>) throws(WebFailure) -> [String] {
        var segments: [String] = []
        for part in path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            segments.append(try decode(part, plusIsSpace: false, in: "path"))
        }
        if segments.last == "" { segments.removeLast() }
        return segments
    }

    /// The decoded items of a query, in order; an item without `=` has an empty value. `+` is a space, as forms write it.
    public static func items(ofQuery query: some Collection<UInt8>) throws(WebFailure) -> [(
        name: String, value: String
    )] {
        var items: [(name: String, value: String)] = []
        for part in query.split(separator: UInt8(ascii: "&")) {
            let pieces = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            var texts: [String] = []
            for piece in pieces { texts.append(try decode(piece, plusIsSpace: true, in: "query")) }
            items.append((texts.first ?? "", texts.count > 1 ? texts[1] : ""))
        }
        return items
    }

    private static func decode(
        _ bytes: some Collection<UInt8>, plusIsSpace: Bool, in part: String
    ) throws(WebFailure) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else {
                    throw .badRequest("the \(part) has a bad percent escape")
                }
                decoded.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace:
                decoded.append(UInt8(ascii: " "))
            default:
                decoded.append(byte)
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self) else {
            throw .badRequest("the \(part) is not UTF-8")
        }
        return text
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
