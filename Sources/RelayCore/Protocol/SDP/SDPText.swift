/// Cutting SDP text by ASCII bytes.
///
/// Swift's `Character` joins a separator with a combining mark that follows it, and "\r\n" into one; SDP is bytes,
/// so everything here works on UTF-8.
extension String {
    /// The parts between `separator`s; empty parts are left out.
    func fields(by separator: UInt8 = UInt8(ascii: " ")) -> [String] {
        utf8.split(separator: separator).map { String(Substring($0)) }
    }

    /// What stands before and after the first `separator`; `after` is nil without one.
    func cut(at separator: UInt8) -> (before: String, after: String?) {
        guard let position = utf8.firstIndex(of: separator) else { return (self, nil) }
        return (String(Substring(utf8[..<position])), String(Substring(utf8[utf8.index(after: position)...])))
    }

    /// Without spaces and tabs at both ends.
    func trimmed() -> String {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        guard let first = utf8.firstIndex(where: { !isBlank($0) }), var end = utf8.lastIndex(where: { !isBlank($0) })
        else { return "" }
        utf8.formIndex(after: &end)
        return String(Substring(utf8[first..<end]))
    }

    /// Whether it is a `token` of RFC 8866, section 9: at least one character, none of them a separator.
    var isToken: Bool {
        !utf8.isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case 0x21, 0x23...0x27, 0x2A...0x2B, 0x2D...0x2E, 0x30...0x39, 0x41...0x5A, 0x5E...0x7E: true
                default: false
                }
            }
    }

    /// For error messages: at most 40 characters of it, quoted, without control characters.
    var excerpt: String {
        let shown = String(unicodeScalars.prefix(40).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : Character($0) })
        return unicodeScalars.count > 40 ? "\"\(shown)…\"" : "\"\(shown)\""
    }
}
